import { useState } from "preact/hooks";
import { call } from "../../api/call";
import { createReview, readOwnReview, updateReview, type Consultation, type OwnReview } from "../../api/operations";
import { focusOn } from "../../parts/focus";
import { Form, TextArea } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { fullTime } from "../../parts/time";
import { Stars } from "../../parts/value";
import { t } from "../../text";
import { useIsNone } from "./shared";
import { text } from "./text";

/** The patient's review of a visit that took place. */
export function ReviewPart({ visit }: { visit: Consultation }) {
	const [wasSent, setSent] = useState(false);
	const isWritten = wasSent || visit.hasReview === true;
	const review = useLoad(readOwnReview, isWritten ? { id: visit.id } : null);
	const [isChanging, setChanging] = useState(false);
	const change = (isOpen: boolean): void => {
		setChanging(isOpen);
		focusOn("review");
	};
	const isNone = useIsNone(review) || !isWritten;
	return (
		<section aria-labelledby="review">
			<h2 id="review" tabIndex={-1}>
				{text.review}
			</h2>
			{isNone ? (
				<Form
					action={text.reviewSend}
					done={text.reviewed}
					own={text.problems}
					submit={async (values, key) => {
						const said = values.optional("text");
						const body = { rating: values.number("rating"), ...(said ? { text: said } : {}) };
						review.set(await call(createReview, { id: visit.id }, body, { idempotencyKey: key }));
						setSent(true);
						focusOn("review");
					}}
				>
					<ReviewFields />
				</Form>
			) : (
				<Show loaded={review}>
					{(data) =>
						isChanging ? (
							<Form
								action={text.reviewSave}
								done={t.saved}
								own={text.problems}
								aside={
									<button type="button" onClick={() => change(false)}>
										{t.cancel}
									</button>
								}
								submit={async (values) => {
									const body = { rating: values.number("rating"), text: values.nullable("text") };
									const ifMatch = review.etag;
									review.set(
										await call(updateReview, { id: visit.id }, body, ifMatch ? { ifMatch } : {}),
									);
									change(false);
								}}
							>
								<ReviewFields review={data} />
							</Form>
						) : (
							<Written review={data} change={() => change(true)} />
						)
					}
				</Show>
			)}
		</section>
	);
}

function ReviewFields({ review }: { review?: OwnReview }) {
	return (
		<>
			<fieldset>
				<legend>{text.rating}</legend>
				{[5, 4, 3, 2, 1].map((rating) => (
					<label key={rating} class="choice">
						<input
							type="radio"
							name="rating"
							value={rating}
							required
							defaultChecked={rating === review?.rating}
						/>{" "}
						{text.ratings[rating - 1]} <span class="small">({t.stars(rating)})</span>
					</label>
				))}
			</fieldset>
			<TextArea
				name="text"
				label={text.reviewText}
				hint={text.reviewHint}
				maxLength={2000}
				initial={review?.text ?? ""}
			/>
		</>
	);
}

function Written({ review, change }: { review: OwnReview; change: () => void }) {
	return (
		<>
			<p>
				<Stars rating={review.rating} /> {text.ratings[review.rating - 1]}
			</p>
			{review.text && <p class="text">{review.text}</p>}
			{review.hidden && (
				<p class="warning">
					{text.reviewHidden} {review.hiddenReason}
				</p>
			)}
			{review.reply && (
				<>
					<h3>{text.reviewReply}</h3>
					<p class="text">{review.reply}</p>
				</>
			)}
			{review.changeableUntil && (
				<>
					<p class="small">{text.reviewUntil(fullTime(review.changeableUntil))}</p>
					<button type="button" onClick={change}>
						{text.reviewChange}
					</button>
				</>
			)}
		</>
	);
}
