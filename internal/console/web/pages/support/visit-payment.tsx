import { call, isProblem } from "../../api/call";
import { readConsultationPayment, requestRefund, type Consultation, type PaymentDetail } from "../../api/operations";
import { Field, TextArea } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { Table } from "../../parts/table";
import { Time } from "../../parts/time";
import { money } from "../../parts/value";
import { Ask, PersonLink } from "./shared";
import { text } from "./text";

/** Returns what was captured and neither given back nor asked for. */
function leftOf(payment: PaymentDetail): string {
	const digits = payment.amount.split(".")[1]?.length ?? 0;
	const units = (amount: string): number => Math.round(Number(amount) * 10 ** digits);
	const captured = payment.attempts
		.filter((a) => a.capturedCurrency === payment.currency)
		.reduce((sum, a) => sum + units(a.captured), 0);
	const given = payment.refunds.filter((r) => r.status !== "FAILED").reduce((sum, r) => sum + units(r.amount), 0);
	return (Math.max(0, captured - given) / 10 ** digits).toFixed(digits);
}

/** Returns the smallest amount of a currency, like "0.01". */
function smallest(payment: PaymentDetail): string {
	const digits = payment.amount.split(".")[1]?.length ?? 0;
	return (1 / 10 ** digits).toFixed(digits);
}

function Refunds({ payment }: { payment: PaymentDetail }) {
	if (payment.refunds.length === 0) return <p class="empty">{text.noRefundsHere}</p>;
	return (
		<Table
			caption={text.refunds}
			columns={[text.when, text.amount, text.state, text.reason, text.askedBy]}
			rows={payment.refunds.map((r) => ({
				id: r.id,
				cells: [
					<Time at={r.createdAt} />,
					<span class="amount">{money(r.amount, r.currency)}</span>,
					text.refundStates[r.status] + (r.failureReason ? `: ${r.failureReason}` : ""),
					r.reason,
					r.requestedBy ? <PersonLink id={r.requestedBy} name={r.requestedByName} /> : text.bySystem,
				],
			}))}
		/>
	);
}

/** The payment of a visit with its attempts and refunds, and a way to ask for a refund. */
export function VisitPayment({ visit }: { visit: Consultation }) {
	const loaded = useLoad(
		readConsultationPayment,
		{ consultationId: visit.id },
		(c) => c.type === "reset" || c.consultationId === visit.id,
	);
	const isFree = Number(visit.fee) === 0 && (loaded.data?.attempts.length ?? 0) === 0;
	return (
		<>
			<h2 id="payment" tabIndex={-1}>
				{text.payment}
			</h2>
			<p>{isFree ? text.free : text.feeIs(money(visit.fee, visit.currency))}</p>
			{isFree ? null : isProblem(loaded.error, "not-found") ? (
				<p class="empty">{text.noPayment}</p>
			) : (
				<Show loaded={loaded}>
					{(payment) => {
						const left = leftOf(payment);
						const step = smallest(payment);
						return (
							<>
								<Table
									caption={text.attempts}
									columns={[text.when, text.amount, text.captured, text.state, text.reference]}
									rows={payment.attempts.map((a) => ({
										id: a.id,
										cells: [
											<Time at={a.createdAt} />,
											<span class="amount">{money(a.amount, a.currency)}</span>,
											<span class="amount">
												{money(a.captured, a.capturedCurrency || a.currency)}
											</span>,
											text.attemptStates[a.status] +
												(a.failureReason ? `: ${a.failureReason}` : ""),
											a.transactionReference || "–",
										],
									}))}
								/>
								<Refunds payment={payment} />
								{Number(left) > 0 && <p>{text.left(money(left, payment.currency))}</p>}
								{Number(left) > 0 && (
									<Ask
										button={text.askRefund}
										done={text.refundAsked}
										focus="payment"

										submit={async (values, key) => {
											const body = {
												amount: values.text("amount"),
												reason: values.text("reason"),
											};
											await call(requestRefund, { id: payment.id }, body, {
												idempotencyKey: key,
											});
											loaded.reload();
										}}
									>
										<p>{text.askRefundHint}</p>
										<Field
											name="amount"
											label={text.amountIn(payment.currency)}
											hint={text.atMost(money(left, payment.currency))}
											type="number"
											inputMode="decimal"
											min={step}
											max={left}
											step={step}
											initial={left}
											required
										/>
										<TextArea
											name="reason"
											label={text.reason}
											hint={text.reasonOfParties}
											required
											maxLength={500}
										/>
									</Ask>
								)}
							</>
						);
					}}
				</Show>
			)}
		</>
	);
}
