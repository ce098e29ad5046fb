import { Title } from "../../app";
import { call } from "../../api/call";
import { listReviews, moderateReview, type ModeratedReview, type ReviewDecisionRequest } from "../../api/operations";
import { Checkbox, TextArea } from "../../parts/form";
import { List } from "../../parts/load";
import { Time, ZoneNote, fullTime } from "../../parts/time";
import { Name, Stars } from "../../parts/value";
import { useAddress } from "../../router";
import { Ask, Filter, PersonLink, State, useChanged } from "./shared";
import { text } from "./text";

interface ItemProps {
	review: ModeratedReview;
	set: (review: ModeratedReview) => void;
}

function Decision({
	review,
	set,
	title,
	change,
}: ItemProps & { title: string; change: Partial<ReviewDecisionRequest> }) {
	return (
		<Ask
			button={title}
			label={text.ofReview(title, fullTime(review.createdAt))}
			title={title}
			done={text.reviewDecided}
			focus={"state-" + review.id}
			submit={async (values) => {
				const isFalse = values.checked("isFalse");
				const body = { ...change, reason: values.text("reason"), ...(isFalse && { isFalse }) };
				set((await call(moderateReview, { id: review.id }, body)).data);
			}}
		>
			<TextArea
				name="reason"
				label={text.reason}
				hint={(change.hidden ?? review.hidden) ? text.reasonOfAuthor : text.reasonOfStaff}
				required
				maxLength={500}
			/>
			{change.hidden && <Checkbox name="isFalse" label={text.isFalse} hint={text.isFalseHint} />}
		</Ask>
	);
}

function Card({ review, set }: ItemProps) {
	const shared = { review, set };
	return (
		<li class="card">
			<h2>
				<Stars rating={review.rating} /> <PersonLink id={review.doctorId} name={review.doctorName} />
			</h2>
			<p>
				<State id={review.id}>{review.hidden ? text.hidden : text.visible}</State>{" "}
				{text.reports(review.openReports, review.reportCount)}
			</p>
			<blockquote class="text">{review.text ?? text.ratingOnly}</blockquote>
			<p class="small">
				{text.writtenBy} <PersonLink id={review.patientId} name={review.patientName} />,{" "}
				<Time at={review.createdAt} show="date" /> ·{" "}
				<a href={"/all-visits/" + review.consultationId}>{text.openVisit}</a>
			</p>
			{review.reply && (
				<>
					<h3>
						{text.reply} ({review.replyHidden ? text.hidden : text.visible})
					</h3>
					<blockquote class="text">{review.reply}</blockquote>
				</>
			)}
			{review.reports.length > 0 && (
				<>
					<h3>{text.reportsTitle}</h3>
					<ul>
						{review.reports.map((r) => (
							<li key={r.createdAt + r.reporterId}>
								<Time at={r.createdAt} />, <PersonLink id={r.reporterId} name={r.reporterName} />:{" "}
								<Name>{r.reason ?? text.noReason}</Name>
							</li>
						))}
					</ul>
				</>
			)}
			{review.decidedAt && (
				<p>
					{text.decision}: <Time at={review.decidedAt} />{" "}
					{review.decidedBy && <PersonLink id={review.decidedBy} name={review.decidedByName} />}:{" "}
					<Name>{review.decisionReason ?? ""}</Name>
				</p>
			)}
			<div class="actions">
				<Decision
					{...shared}
					key={"r" + review.hidden}
					title={review.hidden ? text.showReview : text.hideReview}
					change={{ hidden: !review.hidden }}
				/>
				{review.reply && (
					<Decision
						{...shared}
						key={"a" + review.replyHidden}
						title={review.replyHidden ? text.showReply : text.hideReply}
						change={{ replyHidden: !review.replyHidden }}
					/>
				)}
				{review.openReports > 0 && <Decision {...shared} key="s" title={text.settle} change={{}} />}
			</div>
		</li>
	);
}

/** Reviews that somebody reported, and the decision on them. */
export function ReportedReviews() {
	const asked = useAddress().searchParams.get("show") ?? "";
	const show = Object.hasOwn(text.reviewKinds, asked) ? asked : "reported";
	const [current, set] = useChanged<ModeratedReview>();
	const params = { reported: { reported: true }, hidden: { hidden: true }, all: {} }[show] ?? {};
	return (
		<>
			<Title text={text.reviews} />
			<Filter label={text.which} name="show" value={show} options={Object.entries(text.reviewKinds)} />
			<ZoneNote />
			<List op={listReviews} params={{ limit: 20, ...params }} empty={text.noReviews}>
				{(reviews) => (
					<ul class="list">
						{reviews.map((r) => (
							<Card key={r.id} review={current(r)} set={set} />
						))}
					</ul>
				)}
			</List>
		</>
	);
}
