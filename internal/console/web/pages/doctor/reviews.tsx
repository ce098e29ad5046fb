// What patients say of the doctor, with replies and reports.

import { useRef, useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import { listDoctorReviews, replyToReview, reportReview, type Review } from "../../api/operations";
import { announce } from "../../parts/announce";
import { monthName } from "../../parts/calendar";
import { Form, TextArea } from "../../parts/form";
import { List, Show } from "../../parts/load";
import { Name, Stars } from "../../parts/value";
import { currentUser } from "../../session";
import { decimal } from "../../parts/intl";
import { hasNotApplied, Standing, useOwnProfile } from "./standing";
import { text } from "./text";

export function Reviews() {
	const profile = useOwnProfile();
	const me = currentUser();
	return (
		<>
			<Title text={text.reviews.title} />
			<Standing profile={profile} />
			{!hasNotApplied(profile) && (
				<Show loaded={profile}>
					{(doctor) => (
						<>
							{doctor.rating !== null && (
								<p>
									<Stars rating={Math.round(doctor.rating * 10) / 10} />{" "}
									{text.reviews.average(decimal(doctor.rating), doctor.ratingCount)}
								</p>
							)}
							<List op={listDoctorReviews} params={{ id: me?.id ?? "" }} empty={text.reviews.none}>
								{(items, reload) => (
									<ul class="list">
										{items.map((review) => (
											<Item key={review.id} review={review} reload={reload} />
										))}
									</ul>
								)}
							</List>
						</>
					)}
				</Show>
			)}
		</>
	);
}

function Item({ review, reload }: { review: Review; reload: () => void }) {
	const place = useRef<HTMLLIElement>(null);
	const [reply, setReply] = useState(review.reply);
	const [isReported, setReported] = useState(false);
	const who = review.author ?? text.reviews.gone;
	const of = text.reviews.of(who, monthName(review.month.slice(0, 7)));
	const said = (what: string): void => {
		announce(what);
		place.current?.focus();
	};
	return (
		<li class="card" ref={place} tabIndex={-1}>
			<h2>
				<Stars rating={review.rating} /> <Name>{who}</Name>
			</h2>
			<p class="small">{monthName(review.month.slice(0, 7))}</p>
			<p class={review.text ? "text" : "empty"}>{review.text ?? text.reviews.noText}</p>
			{(reply ?? review.reply) ? (
				<>
					<h3>{text.reviews.yourReply}</h3>
					<p class="text">{reply ?? review.reply}</p>
				</>
			) : (
				<details>
					<summary aria-label={text.reviews.replyTo(of)}>{text.reviews.reply}</summary>
					<Form
						action={text.reviews.send}
						own={{
							"already-replied": text.reviews.alreadyReplied,
							"doctor-not-approved": text.steps.notApproved,
							"not-found": text.reviews.isGone,
						}}
						submit={async (values, key) => {
							const body = { text: values.text("text") };
							const { data } = await call(replyToReview, { id: review.id }, body, {
								idempotencyKey: key,
							});
							setReply(data.reply);
							said(text.reviews.replied);
							reload();
						}}
					>
						<TextArea
							name="text"
							label={text.reviews.replyLabel}
							hint={text.reviews.replyHint}
							maxLength={2000}
							required
						/>
					</Form>
				</details>
			)}
			{isReported ? (
				<p class="note">{text.reviews.reported}</p>
			) : (
				<details>
					<summary aria-label={text.reviews.reportOf(of)}>{text.reviews.report}</summary>
					<Form
						action={text.reviews.sendReport}
						own={{
							"already-reported": text.reviews.alreadyReported,
							"not-found": text.reviews.isGone,
						}}
						submit={async (values, key) => {
							const body = { reason: values.text("reason") };
							await call(reportReview, { id: review.id }, body, { idempotencyKey: key });
							setReported(true);
							said(text.reviews.reported);
						}}
					>
						<TextArea
							name="reason"
							label={text.reviews.reportLabel}
							hint={text.reviews.reportHint}
							maxLength={500}
							required
						/>
					</Form>
				</details>
			)}
		</li>
	);
}
