import {
	readConsultationPayment,
	type Consultation,
	type ConsultationStatus,
	type PaymentDetail,
	type PaymentStatus,
} from "../../api/operations";
import { Show, useLoad } from "../../parts/load";
import { Time } from "../../parts/time";
import { money } from "../../parts/value";
import { about, useIsNone } from "./shared";
import { text } from "./text";

type Owed = Pick<Consultation, "paymentStatus" | "balanceDue" | "refundedAmount">;

/**
 * Returns what to call the state of a visit's payment. paid is what was paid in all, which is more than the fee after a
 * move to a lower one.
 */
export function paymentState(owed: Owed, paid: string | number, status: ConsultationStatus): string {
	if (owed.paymentStatus === "PAID") {
		if (owed.balanceDue) return text.due;
		return Number(owed.refundedAmount) >= Number(paid) ? text.refunded : text.paid;
	}
	return status === "REQUESTED" ? text.due : text.unpaid;
}

/** Returns what was paid in all, before refunds. */
function paidIn(payment: PaymentDetail): number {
	const paid = payment.attempts.filter((a) => a.status === "SUCCESS");
	return paid.reduce((sum, a) => sum + Math.round(Number(a.captured) * 100), 0) / 100;
}

export function attemptState(status: PaymentStatus): string {
	return { INITIATED: text.due, SUCCESS: text.paid, FAILED: text.failed }[status];
}

/** The payments and refunds of one visit. */
export function MoneyPart({ visit }: { visit: Consultation }) {
	const isFree = Number(visit.fee) === 0 && Number(visit.refundedAmount) === 0;
	const payment = useLoad(readConsultationPayment, isFree ? null : { consultationId: visit.id }, about(visit.id));
	// Before the first payment there is none to read.
	const isNone = useIsNone(payment);
	return (
		<section aria-labelledby="payment">
			<h2 id="payment">{text.payment}</h2>
			{isFree ? (
				<p>{text.free}</p>
			) : (
				<>
					<p>
						{money(visit.balanceDue ?? visit.fee, visit.currency)},{" "}
						{paymentState(visit, payment.data ? paidIn(payment.data) : visit.fee, visit.status)}
					</p>
					{!isNone && (
						<Show loaded={payment}>
							{(data) => (
								<>
									<MoneyTables payment={data} />
									{visit.paymentStatus === "PAID" && (
										<p>
											<a href={"/payments/" + visit.id}>{text.receipt}</a>
										</p>
									)}
								</>
							)}
						</Show>
					)}
				</>
			)}
		</section>
	);
}

interface Line {
	id: string;
	at: string;
	amount: string;
	currency: string;
	state: string;
}

export function MoneyTables({ payment }: { payment: PaymentDetail }) {
	const attempts = payment.attempts.map((a) => ({
		id: a.id,
		at: a.createdAt,
		amount: a.amount,
		currency: a.currency,
		state: attemptState(a.status),
	}));
	const refunds = payment.refunds.map((r) => ({
		id: r.id,
		at: r.status === "SUCCEEDED" ? r.updatedAt : r.createdAt,
		amount: r.amount,
		currency: r.currency,
		state: text.refundStates[r.status],
	}));
	return (
		<>
			{attempts.length > 0 && <Lines caption={text.attempts} lines={attempts} />}
			{refunds.length > 0 && <Lines caption={text.refunds} lines={refunds} />}
		</>
	);
}

function Lines({ caption, lines }: { caption: string; lines: Line[] }) {
	return (
		<div class="scroll figures" tabIndex={0} role="group" aria-label={caption}>
			<table>
				<caption>{caption}</caption>
				<thead>
					<tr>
						<th scope="col">{text.date}</th>
						<th scope="col" class="number">
							{text.amount}
						</th>
						<th scope="col">{text.state}</th>
					</tr>
				</thead>
				<tbody>
					{lines.map((line) => (
						<tr key={line.id}>
							<td>
								<Time at={line.at} />
							</td>
							<td class="number">{money(line.amount, line.currency)}</td>
							<td>{line.state}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
