import { Title } from "../../app";
import { call } from "../../api/call";
import { approveRefund, declineRefund, listRefunds, type ListedRefund, type RefundStatus } from "../../api/operations";
import { TextArea } from "../../parts/form";
import { List } from "../../parts/load";
import { Table } from "../../parts/table";
import { Time, ZoneNote } from "../../parts/time";
import { money } from "../../parts/value";
import { useAddress } from "../../router";
import { currentUser } from "../../session";
import { Ask, Filter, PersonLink, State, isAdmin, useChanged } from "./shared";
import { text } from "./text";

/** Approve and decline, for another administrator than the one who asked. */
function Decide({ refund, set }: { refund: ListedRefund; set: (refund: ListedRefund) => void }) {
	if (refund.status !== "REQUESTED") return null;
	if (!isAdmin()) return <p class="small">{text.adminDecides}</p>;
	if (refund.requestedBy === currentUser()?.id) return <p class="small">{text.ownRefund}</p>;
	const { id } = refund;
	const amount = money(refund.amount, refund.currency);
	return (
		<div class="actions">
			<Ask
				button={text.approve}
				label={text.approveRefund(amount)}
				done={text.refundApproved}
				focus={"state-" + id}
				submit={async (_, key) => {
					const { data } = await call(approveRefund, { id }, undefined, { idempotencyKey: key });
					set({ ...refund, ...data });
				}}
			>
				<p>{text.approveHint}</p>
			</Ask>
			<Ask
				button={text.decline}
				label={text.declineRefund(amount)}
				done={text.refundDeclined}
				focus={"state-" + id}
				submit={async (values, key) => {
					const body = { reason: values.text("reason") };
					const { data } = await call(declineRefund, { id }, body, { idempotencyKey: key });
					set({ ...refund, ...data });
				}}
			>
				<TextArea name="reason" label={text.reason} hint={text.reasonOfStaff} required maxLength={500} />
			</Ask>
		</div>
	);
}

/** Refunds of everybody, and the decision on those that wait. */
export function Refunds() {
	const asked = useAddress().searchParams.get("status") ?? "";
	const status = (Object.hasOwn(text.refundStates, asked) ? asked : "REQUESTED") as RefundStatus;
	const [current, set] = useChanged<ListedRefund>();
	return (
		<>
			<Title text={text.refunds} />
			<Filter label={text.state} name="status" value={status} options={Object.entries(text.refundStates)} />
			<ZoneNote />
			<List op={listRefunds} params={{ limit: 50, status: [status] }} empty={text.noRefunds}>
				{(refunds) => (
					<Table
						caption={text.refunds}
						columns={[text.when, text.amount, text.askedBy, text.reason, text.visit, text.state]}
						rows={refunds.map(current).map((r) => ({
							id: r.id,
							cells: [
								<Time at={r.createdAt} />,
								<span class="amount">{money(r.amount, r.currency)}</span>,
								r.requestedBy ? (
									<PersonLink id={r.requestedBy} name={r.requestedByName} />
								) : (
									text.bySystem
								),
								r.reason,
								r.consultationId ? (
									<a href={"/all-visits/" + r.consultationId}>{text.openVisit}</a>
								) : (
									text.unmatched
								),
								<>
									<State id={r.id}>{text.refundStates[r.status]}</State>
									{r.failureReason && <p class="small">{r.failureReason}</p>}
									{r.approvedBy && (
										<p class="small">
											{text.approvedBy} <PersonLink id={r.approvedBy} name={r.approvedByName} />
										</p>
									)}
									<Decide refund={r} set={set} />
								</>,
							],
						}))}
					/>
				)}
			</List>
		</>
	);
}
