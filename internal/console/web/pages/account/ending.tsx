import { useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import {
	cancelOwnErasure,
	deleteOwnUser,
	readOwnErasure,
	readOwnUser,
	requestOwnErasure,
	type Erasure,
	type Role,
} from "../../api/operations";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { ActionButton, Checkbox, Form } from "../../parts/form";
import { Loading, useLoad } from "../../parts/load";
import { Refusal } from "../../parts/refusal";
import { Time } from "../../parts/time";
import { useUser } from "../../session";
import { focusOn } from "../../parts/focus";
import { text } from "./text";

/** The two ways for an account to end: without its data, or with it. */
export function Ending() {
	const own = text.ending;
	const role = useUser()?.role ?? "PATIENT";
	const me = useLoad(readOwnUser, {});
	const loaded = useLoad(readOwnErasure, me.data?.erasureDueAt ? {} : null);
	const [chosen, setChosen] = useState<"delete" | "erase" | null>(null);
	const error = me.error ?? (isProblem(loaded.error, "not-found") ? undefined : loaded.error);
	const erasure = me.data?.erasureDueAt ? loaded.data : undefined;
	const changed = (said: string): void => {
		setChosen(null);
		me.reload();
		announce(said);
		focusOn("ending");
	};
	return (
		<section aria-labelledby="ending">
			<h2 id="ending" tabIndex={-1}>
				{own.title}
			</h2>
			{(!me.data || (me.data.erasureDueAt && !loaded.data)) && !error && <Loading />}
			{error !== undefined && <Refusal error={error} retry={me.error ? me.reload : loaded.reload} />}
			{erasure && <Pending erasure={erasure} changed={changed} />}
			<div class="cards">
				{!erasure && (
					<div class="card">
						<h3>{own.eraseTitle}</h3>
						<Facts facts={own.eraseFacts[role]} />
						<button type="button" onClick={() => setChosen("erase")}>
							{own.eraseAsk}
						</button>
					</div>
				)}
				<div class="card">
					<h3>{own.deleteTitle}</h3>
					<Facts facts={own.deleteFacts[role]} />
					<button type="button" onClick={() => setChosen("delete")}>
						{own.deleteAsk}
					</button>
				</div>
			</div>
			{chosen === "erase" && <EraseDialog role={role} close={() => setChosen(null)} changed={changed} />}
			{chosen === "delete" && <DeleteDialog role={role} close={() => setChosen(null)} />}
		</section>
	);
}

function Facts({ facts }: { facts: string[] }) {
	return (
		<ul>
			{facts.map((fact) => (
				<li key={fact}>{fact}</li>
			))}
		</ul>
	);
}

/** An erasure that was asked for, and how to stop it. */
function Pending({ erasure, changed }: { erasure: Erasure; changed: (said: string) => void }) {
	const own = text.ending;
	const { until, consultations } = erasure.clinical;
	return (
		<div class="warning">
			<p>
				{own.due} <Time at={erasure.dueAt} />
			</p>
			{until ? (
				<p>
					{own.kept(consultations)} <Time at={until} show="date" />
				</p>
			) : (
				<p>{own.keptNothing}</p>
			)}
			{erasure.status === "PENDING" && (
				<ActionButton
					text={own.stop}
					own={{ "not-found": own.tooLate }}
					run={async () => {
						await call(cancelOwnErasure, {});
						changed(own.stopped);
					}}
				/>
			)}
		</div>
	);
}

interface DialogProps {
	role: Role;
	close: () => void;
}

function EraseDialog({ role, close, changed }: DialogProps & { changed: (said: string) => void }) {
	const own = text.ending;
	return (
		<Dialog title={own.eraseTitle} close={close}>
			<Facts facts={own.eraseFacts[role]} />
			<Form
				action={own.erase}
				danger
				own={{ "last-admin": own.lastAdmin }}
				submit={async (_, key) => {
					await call(requestOwnErasure, {}, undefined, { idempotencyKey: key });
					changed(own.asked);
				}}
			>
				<Checkbox name="understood" label={own.eraseUnderstood} required />
			</Form>
		</Dialog>
	);
}

function DeleteDialog({ role, close }: DialogProps) {
	const own = text.ending;
	return (
		<Dialog title={own.deleteTitle} close={close}>
			<Facts facts={own.deleteFacts[role]} />
			<Form
				action={own.delete}
				danger
				own={{ "last-admin": own.lastAdmin, "consultation-in-progress": own.inProgress }}
				submit={async () => {
					await call(deleteOwnUser, {});
					location.replace("/sign-in?done=deleted");
				}}
			>
				<Checkbox name="understood" label={own.deleteUnderstood} required />
			</Form>
		</Dialog>
	);
}
