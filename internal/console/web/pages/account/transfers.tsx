import type { ComponentChildren } from "preact";
import { call } from "../../api/call";
import { now } from "../../api/clock";
import {
	acceptDependantTransfer,
	endDependantTransfer,
	listDependantTransfers,
	requestDependantTransfer,
	type Dependant,
	type DependantTransfer,
} from "../../api/operations";
import { ActionButton, Checkbox, Field, Form } from "../../parts/form";
import { List } from "../../parts/load";
import { Time } from "../../parts/time";
import { Name } from "../../parts/value";
import { useUser } from "../../session";
import { text } from "./text";

/** Asks to move a record to an account of the dependant's own. */
export function TransferForm({ dependant, done }: { dependant: Dependant; done: () => void }) {
	const own = text.transfers;
	return (
		<>
			<p>{own.how}</p>
			<ol>
				<li>{own.step1}</li>
				<li>{own.step2}</li>
				<li>{own.step3}</li>
			</ol>
			<p>{own.then}</p>
			<Form
				action={own.ask}
				own={{
					"dependant-has-consultations": own.hasVisits,
					"transfer-pending": own.pending,
					"too-many-attempts": text.tooManyAttempts,
					"restore-mode": text.restoreMode,
				}}
				submit={async (values, key) => {
					const email = values.text("email");
					await call(requestDependantTransfer, { id: dependant.id }, { email }, { idempotencyKey: key });
					done();
				}}
			>
				<Field name="email" label={own.email} type="email" autocomplete="off" maxLength={320} required />
				<Checkbox name="understood" label={own.understood} required />
			</Form>
		</>
	);
}

interface TransfersProps {
	/** Changes when the list is to be read again. */
	round: number;
	changed: (said: string) => void;
}

/** The moves that the user asked for, and those to their own account. */
export function Transfers({ round, changed }: TransfersProps) {
	const own = text.transfers;
	return (
		<section aria-labelledby="transfers">
			<h2 id="transfers" tabIndex={-1}>
				{own.title}
			</h2>
			<p>{own.what}</p>
			<List key={`t${round}`} op={listDependantTransfers} params={{}} empty={own.none}>
				{(items) => (
					<ul class="list">
						{items.map((transfer) => (
							<Transfer key={transfer.id} transfer={transfer} changed={changed} />
						))}
					</ul>
				)}
			</List>
		</section>
	);
}

interface TransferProps {
	transfer: DependantTransfer;
	changed: (said: string) => void;
}

function Transfer({ transfer, changed }: TransferProps) {
	const own = text.transfers;
	const isMine = useUser()?.id === transfer.requestedBy;
	const isOver = transfer.status === "OPEN" && new Date(transfer.expiresAt) <= new Date(now());
	const isOpen = transfer.status === "OPEN" && !isOver;
	const name = transfer.dependantName ?? own.somebody;
	const other = isMine ? own.otherSide : own.you;
	return (
		<li class="card">
			<strong>{isMine ? <Name>{name}</Name> : own.toYou(name)}</strong>{" "}
			<span class="chip">{isOver ? own.expired : own.states[transfer.status]}</span>
			{isOpen ? (
				<dl>
					<Step name={isMine ? own.you : own.whoAsked} at={transfer.createdAt} />
					<Step name={other} at={transfer.acceptedAt} />
					<Step name={own.staff} at={transfer.approvedAt} />
					<dt>{own.until}</dt>
					<dd>
						<Time at={transfer.expiresAt} />
					</dd>
				</dl>
			) : (
				<p class="small">
					<Time at={transfer.endedAt ?? transfer.expiresAt} />
				</p>
			)}
			{isOpen && <Decision transfer={transfer} isMine={isMine} name={name} changed={changed} />}
		</li>
	);
}

/** Who confirms, and whether they have. */
function Step({ name, at }: { name: string; at: string | null }): ComponentChildren {
	return (
		<>
			<dt>{name}</dt>
			<dd>
				{at ? (
					<>
						{text.transfers.confirmed} <Time at={at} />
					</>
				) : (
					text.transfers.waiting
				)}
			</dd>
		</>
	);
}

function Decision({ transfer, isMine, name, changed }: TransferProps & { isMine: boolean; name: string }) {
	const own = text.transfers;
	const refusals = { "transfer-over": own.over, "dependant-has-consultations": own.hasVisitsOther };
	return (
		<div class="actions">
			{!isMine && !transfer.acceptedAt && (
				<ActionButton
					class="primary"
					text={own.accept}
					label={own.acceptOne(name)}
					own={refusals}
					run={async (key) => {
						await call(acceptDependantTransfer, { id: transfer.id }, undefined, { idempotencyKey: key });
						changed(own.accepted);
					}}
				/>
			)}
			<ActionButton
				text={isMine ? own.cancel : own.refuse}
				label={isMine ? own.cancelOne(name) : own.refuseOne(name)}
				own={refusals}
				run={async () => {
					await call(endDependantTransfer, { id: transfer.id });
					changed(isMine ? own.cancelled : own.refused);
				}}
			/>
		</div>
	);
}
