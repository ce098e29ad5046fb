import { Title } from "../../app";
import { listOwnPayments, type OwnPayment } from "../../api/operations";
import { List } from "../../parts/load";
import { Time, ZoneNote, shortDate } from "../../parts/time";
import { Name, money } from "../../parts/value";
import { paymentState } from "./money";
import { text } from "./text";

/** What was paid for each visit, and what came back. */
export function Payments() {
	return (
		<>
			<Title text={text.payments} />
			<p>{text.paymentsHint}</p>
			<ZoneNote />
			<List op={listOwnPayments} params={{ limit: 10 }} refreshOn={() => true} empty={text.noPayments}>
				{(items) => (
					<ul class="list">
						{items.map((payment) => (
							<Row key={payment.id} payment={payment} />
						))}
					</ul>
				)}
			</List>
		</>
	);
}

function Row({ payment: p }: { payment: OwnPayment }) {
	const isFree = Number(p.amount) === 0;
	const label = text.receiptOf(p.doctorName, shortDate(p.startTime));
	return (
		<li class="card">
			<p>
				<strong>{isFree ? text.free : money(p.balanceDue ?? p.amount, p.currency)}</strong>{" "}
				{!isFree && <span class="chip">{paymentState(p, p.paidAmount, p.consultationStatus)}</span>}
			</p>
			<p>
				{p.recordMoved ? (
					<Time at={p.startTime} />
				) : (
					<a href={"/visits/" + p.consultationId}>
						<Time at={p.startTime} />
					</a>
				)}
				, <Name>{p.doctorName}</Name>
				<br />
				{text.forWhom}: {p.dependantId ? <Name>{p.patientName}</Name> : text.me}
			</p>
			{(p.paidAt || p.refunds.length > 0) && (
				<ul>
					{p.paidAt && (
						<li>
							{text.paid}: <Time at={p.paidAt} />
						</li>
					)}
					{p.refunds.map((r) => (
						<li key={r.id}>
							{text.refundStates[r.status]}: {money(r.amount, r.currency)},{" "}
							<Time at={r.status === "SUCCEEDED" ? r.updatedAt : r.createdAt} />
						</li>
					))}
				</ul>
			)}
			{p.paymentStatus === "PAID" && !isFree && !p.recordMoved && (
				<a href={"/payments/" + p.consultationId} aria-label={label}>
					{text.receipt}
				</a>
			)}
		</li>
	);
}
