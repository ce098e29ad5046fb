import { useState } from "preact/hooks";
import { call } from "../../api/call";
import {
	disableMfa,
	listPasskeys,
	regenerateRecoveryCodes,
	type Passkey,
	type SecondFactorMethod,
} from "../../api/operations";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { Show, useLoad } from "../../parts/load";
import { useUser } from "../../session";
import { FactorForm } from "../entry/second-factor";
import { focusOn } from "../../parts/focus";
import { AppSetup } from "./app-setup";
import { PasskeyForm, PasskeyList } from "./passkeys";
import { text } from "./text";

interface FactorsProps {
	/** Shows recovery codes, if there are any. */
	showCodes: (codes: string[]) => void;
	/** Called when the second factors have changed: reads the user anew. */
	changed: () => Promise<void>;
}

/** The second factors: an authenticator app, passkeys, and the recovery codes of both. */
export function Factors({ showCodes, changed }: FactorsProps) {
	const user = useUser();
	const passkeys = useLoad(listPasskeys, {});
	const isOn = user?.mfaEnabled ?? false;
	const isStaff = user?.role === "SUPPORT" || user?.role === "ADMIN";
	const added = async (codes: string[]): Promise<void> => {
		await changed();
		passkeys.reload();
		announce(text.factors.added);
		if (codes.length > 0) showCodes(codes);
		else focusOn("passkeys");
	};
	const removed = async (): Promise<void> => {
		await changed();
		passkeys.reload();
	};
	const warning = isStaff ? text.factors.staffLast : text.factors.last;
	return (
		<section aria-labelledby="factors">
			<h2 id="factors" tabIndex={-1}>
				{text.factors.title}
			</h2>
			<p>{text.factors.what}</p>
			<p>
				<span class={isOn ? "status confirmed" : "status requested"}>
					{isOn ? text.factors.on : text.factors.off}
				</span>
			</p>
			<Show loaded={passkeys}>
				{({ items }) => (
					<>
						<App passkeys={items} isOn={isOn} added={added} removed={removed} warning={warning} />
						<h3 id="passkeys" tabIndex={-1}>
							{text.passkeys.title}
						</h3>
						<p>{text.passkeys.what}</p>
						<PasskeyList items={items} isLast={warning} removed={removed} />
						<details key={items.length}>
							<summary>{text.passkeys.addOne}</summary>
							<PasskeyForm done={added} />
						</details>
						{isOn && <Renewal passkeys={items} showCodes={showCodes} />}
					</>
				)}
			</Show>
		</section>
	);
}

function methodsOf(passkeys: Passkey[]): SecondFactorMethod[] {
	return passkeys.length > 0 ? ["totp", "passkey", "recovery-code"] : ["totp", "recovery-code"];
}

interface AppProps {
	passkeys: Passkey[];
	isOn: boolean;
	added: (codes: string[]) => Promise<void>;
	removed: () => Promise<void>;
	warning: string;
}

/**
 * The authenticator app. The API doesn't tell whether there is one beside passkeys: then both actions are offered, and
 * the refusal of the wrong one says so.
 */
function App({ passkeys, isOn, added, removed, warning }: AppProps) {
	const own = text.app;
	const [isRemoving, setRemoving] = useState(false);
	const [learned, setLearned] = useState<boolean | null>(null);
	const has = isOn ? (learned ?? (passkeys.length === 0 ? true : null)) : false;
	return (
		<>
			<h3 id="authenticator" tabIndex={-1}>
				{own.title}
			</h3>
			<p>{own.what}</p>
			{has === null ? <p>{own.perhaps}</p> : <p>{has ? own.isSet : own.isNotSet}</p>}
			{!has && (
				<AppSetup
					isSet={() => {
						setLearned(true);
						announce(own.alreadySet);
						focusOn("authenticator");
					}}
					done={async (codes) => {
						setLearned(true);
						await added(codes);
					}}
				/>
			)}{" "}
			{has !== false && (
				<button type="button" onClick={() => setRemoving(true)}>
					{own.remove}
				</button>
			)}
			{isRemoving && (
				<Dialog title={own.remove} close={() => setRemoving(false)}>
					<p>{own.removeHint}</p>
					{passkeys.length === 0 && <p class="warning">{warning}</p>}
					<FactorForm
						methods={methodsOf(passkeys)}
						own={{ "mfa-not-enabled": own.noneSet }}
						action={own.remove}
						send={async (proof) => {
							await call(disableMfa, {}, proof);
							setRemoving(false);
							setLearned(false);
							announce(own.removed);
							await removed();
							focusOn("authenticator");
						}}
					/>
				</Dialog>
			)}
		</>
	);
}

/** Replaces the recovery codes. */
function Renewal({ passkeys, showCodes }: { passkeys: Passkey[]; showCodes: (codes: string[]) => void }) {
	const own = text.codes;
	const [isOpen, setOpen] = useState(false);
	return (
		<>
			<h3>{own.heading}</h3>
			<p>{own.about}</p>
			<button type="button" onClick={() => setOpen(true)}>
				{own.renew}
			</button>
			{isOpen && (
				<Dialog title={own.renew} close={() => setOpen(false)}>
					<p>{own.renewHint}</p>
					<FactorForm
						methods={methodsOf(passkeys)}
						action={own.renew}
						send={async (proof) => {
							const { data } = await call(regenerateRecoveryCodes, {}, proof);
							setOpen(false);
							showCodes(data.recoveryCodes);
						}}
					/>
				</Dialog>
			)}
		</>
	);
}
