import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import {
	listUnmatchedMoney,
	resolveUnmatchedMoney,
	type UnmatchedMoney as Money,
	type UnmatchedMoneyAction,
	type UnmatchedMoneyStatus,
} from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { Form, TextArea } from "../../parts/form";
import { List } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { money } from "../../parts/value";
import { useAddress } from "../../router";
import { PersonLink } from "../../parts/person";
import { text } from "./text";

const statuses: UnmatchedMoneyStatus[] = ["WAITING", "RETURNING", "RETURNED", "MATCHED", "CLOSED"];

/** Money that fits nothing that was asked for, and the decision what becomes of it. */
export function UnmatchedMoney() {
	const asked = useAddress().searchParams.get("status") as UnmatchedMoneyStatus;
	const status = statuses.includes(asked) ? asked : "WAITING";
	return (
		<>
			<Title text={text.money} />
			<p>{text.moneyHint}</p>
			<ul class="tabs">
				{statuses.map((s) => (
					<li key={s}>
						<a href={"/admin/money?status=" + s} aria-current={s === status ? "page" : undefined}>
							{text.moneyStatus[s]}
						</a>
					</li>
				))}
			</ul>
			<p class="hint">{text.moneyStatusHint[status]}</p>
			<List op={listUnmatchedMoney} params={{ status: [status], limit: 50 }} empty={text.noMoney[status]}>
				{(items, reload) => (
					<ul class="list">
						{items.map((item) => (
							<li key={item.id} class="card">
								<Item item={item} reload={reload} />
							</li>
						))}
					</ul>
				)}
			</List>
			<ZoneNote />
		</>
	);
}

function amountOf(amount: string | null, currency: string | null): string {
	if (amount === null) return text.unknownAmount;
	return currency === null ? amount : money(amount, currency);
}

function Item({ item, reload }: { item: Money; reload: () => void }) {
	const [action, setAction] = useState<UnmatchedMoneyAction | null>(null);
	const amount = amountOf(item.amount, item.currency);
	const name = `${amount}, ${item.transactionReference}`;
	return (
		<>
			<h2>
				{text.moneyKind[item.kind]}: {amount}
			</h2>
			<p>{text.moneyReason[item.reason]}</p>
			<dl>
				{item.askedAmount !== null && (
					<>
						<dt>{text.asked}</dt>
						<dd>{amountOf(item.askedAmount, item.askedCurrency)}</dd>
					</>
				)}
				<dt>{text.reportedBy}</dt>
				<dd>{item.provider}</dd>
				<dt>{text.reference}</dt>
				<dd>{item.transactionReference}</dd>
				<dt>{text.receivedAt}</dt>
				<dd>
					<Time at={item.receivedAt} />
				</dd>
				{item.consultationId && (
					<>
						<dt>{text.visit}</dt>
						<dd>
							<a href={"/all-visits/" + item.consultationId}>{text.openVisit}</a>
						</dd>
					</>
				)}
				{item.resolvedAt && (
					<>
						<dt>{text.decidedAt}</dt>
						<dd>
							<Time at={item.resolvedAt} />
							{item.resolvedBy && (
								<>
									{" · "}
									<PersonLink id={item.resolvedBy} name={item.resolvedByName} />
								</>
							)}
						</dd>
						<dt>{text.reason}</dt>
						<dd class="text">{item.resolution}</dd>
					</>
				)}
			</dl>
			<p>
				<a href={`/admin/audit?entityType=unmatched-money&entityId=${item.id}`}>{text.history}</a>
			</p>
			{item.actions.length > 0 && (
				<div class="actions">
					{item.actions.map((a) => (
						<button
							key={a}
							type="button"
							aria-label={`${text.moneyAction[a]}: ${name}`}
							onClick={() => setAction(a)}
						>
							{text.moneyAction[a]}
						</button>
					))}
				</div>
			)}
			{action && (
				<Decision item={item} action={action} amount={amount} close={() => setAction(null)} done={reload} />
			)}
		</>
	);
}

interface DecisionProps {
	item: Money;
	action: UnmatchedMoneyAction;
	amount: string;
	close: () => void;
	done: () => void;
}

function Decision({ item, action, amount, close, done }: DecisionProps) {
	return (
		<Dialog title={text.moneyAction[action]} close={close}>
			<p>{text.moneyActionHint[action](amount)}</p>
			<Form
				danger={action === "CLOSE"}
				action={text.moneyAction[action]}
				own={{ "illegal-transition": text.moneyDecided, "not-found": text.moneyDecided }}
				submit={async (values, key) => {
					const body = { action, reason: values.text("reason") };
					await call(resolveUnmatchedMoney, { id: item.id }, body, { idempotencyKey: key });
					announce(text.moneyDone[action]);
					close();
					done();
					focusTitle();
				}}
			>
				<TextArea name="reason" label={text.reason} hint={text.moneyReasonHint} maxLength={500} required />
			</Form>
		</Dialog>
	);
}
