import { Title } from "../../app";
import { listOwnConsultations, readConsultationPayment, type Consultation } from "../../api/operations";
import { List, useLoad } from "../../parts/load";
import { Time, ZoneNote, shortDate } from "../../parts/time";
import { Name, money } from "../../parts/value";
import { paymentState } from "./money";
import { ForWhom } from "./shared";
import { text } from "./text";

/** What was paid for each visit, and what came back. */
export function Payments() {
	return (
		<>
			<Title text={text.payments} />
			<p>{text.paymentsHint}</p>
			<ZoneNote />
			<List op={listOwnConsultations} params={{ limit: 10 }} refreshOn={() => true} empty={text.noPayments}>
				{(items) => (
					<ul class="list">
						{items.map((visit) => (
							<Row key={visit.id} visit={visit} />
						))}
					</ul>
				)}
			</List>
		</>
	);
}

function Row({ visit }: { visit: Consultation }) {
	const isFree = Number(visit.fee) === 0;
	const label = text.receiptOf(visit.doctorName ?? "", shortDate(visit.startTime));
	return (
		<li class="card">
			<p>
				<strong>{isFree ? text.free : money(visit.balanceDue ?? visit.fee, visit.currency)}</strong>{" "}
				{!isFree && <span class="chip">{paymentState(visit)}</span>}
			</p>
			<p>
				<a href={"/visits/" + visit.id}>
					<Time at={visit.startTime} />
				</a>
				, <Name>{visit.doctorName ?? ""}</Name>
				<br />
				{text.forWhom}: <ForWhom visit={visit} />
			</p>
			{visit.paymentStatus === "PAID" && <Refunds visit={visit} />}
			{visit.paymentStatus === "PAID" && !isFree && (
				<a href={"/payments/" + visit.id} aria-label={label}>
					{text.receipt}
				</a>
			)}
		</li>
	);
}

/** The refunds of one visit: only visits that can have some are asked for. */
function Refunds({ visit }: { visit: Consultation }) {
	const isPossible = Number(visit.refundedAmount) > 0 || visit.status === "CANCELLED" || visit.absent !== null;
	const payment = useLoad(readConsultationPayment, isPossible ? { consultationId: visit.id } : null);
	const refunds = payment.data?.refunds ?? [];
	if (refunds.length === 0) return null;
	return (
		<ul>
			{refunds.map((r) => (
				<li key={r.id}>
					{text.refundStates[r.status]}: {money(r.amount, r.currency)},{" "}
					<Time at={r.status === "SUCCEEDED" ? r.updatedAt : r.createdAt} show="date" />
				</li>
			))}
		</ul>
	);
}
