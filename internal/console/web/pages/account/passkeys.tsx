import { useState } from "preact/hooks";
import { call, isProblem, Problem } from "../../api/call";
import {
	createPasskeyOptions,
	deletePasskey,
	registerPasskey,
	type Passkey,
	type PasskeyAttestation,
} from "../../api/operations";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { Field, Form } from "../../parts/form";
import { hasPasskeys, makePasskey } from "../../parts/passkey";
import { Time } from "../../parts/time";
import { t } from "../../text";
import { focusOn } from "../../parts/focus";
import { text } from "./text";

/** Makes a passkey. Throws Problem, of this page too, so that each reason has its text. */
async function make(): Promise<PasskeyAttestation> {
	const { data } = await call(createPasskeyOptions, {});
	let made: PasskeyAttestation | null = null;
	try {
		made = await makePasskey(data.publicKey);
	} catch (error) {
		if (!(error instanceof DOMException)) throw error;
		const slug = error.name === "InvalidStateError" ? "passkey-known" : "passkey-unusable";
		throw new Problem(slug);
	}
	if (!made) throw new Problem("passkey-declined");
	return made;
}

interface PasskeyFormProps {
	/** Called with the recovery codes of the first second factor; without any for others. */
	done: (codes: string[]) => Promise<void> | void;
}

/** Adds a passkey with a name. */
export function PasskeyForm({ done }: PasskeyFormProps) {
	const own = text.passkeys;
	if (!hasPasskeys()) return <p>{own.unsupported}</p>;
	return (
		<Form
			action={own.add}
			own={{
				"passkey-known": own.known,
				"passkey-declined": own.declined,
				"passkey-unusable": own.unusable,
				"passkey-refused": own.refused,
				"too-many-passkeys": own.tooMany,
			}}
			submit={async (values) => {
				const name = values.optional("name");
				const credential = await make();
				const { data } = await call(registerPasskey, {}, { credential, ...(name && { name }) });
				await done(data.recoveryCodes ?? []);
			}}
		>
			<Field name="name" label={own.name} hint={own.nameHint} maxLength={100} autocomplete="off" />
		</Form>
	);
}

/** The passkeys that there are. */
export function PasskeyList({
	items,
	isLast,
	removed,
}: {
	items: Passkey[];
	/** Whether no second factor is left without the last of them. */
	isLast: string;
	removed: () => Promise<void>;
}) {
	const own = text.passkeys;
	const [chosen, setChosen] = useState<Passkey | null>(null);
	if (items.length === 0) return <p class="empty">{own.none}</p>;
	return (
		<>
			<ul class="list">
				{items.map((passkey) => (
					<li key={passkey.id} class="card">
						<strong>
							<bdi>{passkey.name}</bdi>
						</strong>{" "}
						<span class="chip">{passkey.synced ? own.synced : own.oneDevice}</span>
						<dl>
							<dt>{own.added}</dt>
							<dd>
								<Time at={passkey.createdAt} />
							</dd>
							<dt>{own.lastUsed}</dt>
							<dd>{passkey.lastUsedAt ? <Time at={passkey.lastUsedAt} /> : own.never}</dd>
						</dl>
						<button
							type="button"
							aria-label={own.removeOne(passkey.name)}
							onClick={() => setChosen(passkey)}
						>
							{t.remove}
						</button>
					</li>
				))}
			</ul>
			{chosen && (
				<Dialog title={own.removeOne(chosen.name)} close={() => setChosen(null)}>
					<p>{own.removeHint}</p>
					{items.length === 1 && isLast && <p class="warning">{isLast}</p>}
					<Form
						action={t.remove}
						danger
						submit={async () => {
							await remove(chosen.id);
							setChosen(null);
							announce(own.removed);
							await removed();
							focusOn("passkeys");
						}}
					>
						{null}
					</Form>
				</Dialog>
			)}
		</>
	);
}

/** Deletes a passkey; one that is gone already is deleted. */
async function remove(id: string): Promise<void> {
	try {
		await call(deletePasskey, { id });
	} catch (error) {
		if (!isProblem(error, "not-found")) throw error;
	}
}
