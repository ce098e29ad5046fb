import { useState } from "preact/hooks";
import { Arrival } from "../../parts/focus";
import { AppSetup } from "./app-setup";
import { PasskeyForm } from "./passkeys";
import { RecoveryCodes } from "./recovery-codes";
import { text } from "./text";

/** The first second factor of staff, who can do nothing else before. Called done, they can. */
export function Enrol({ done }: { done: () => Promise<void> }) {
	const [codes, setCodes] = useState<string[]>([]);
	const go = (made: string[]): Promise<void> | void => (made.length > 0 ? setCodes(made) : done());
	if (codes.length > 0) return <RecoveryCodes codes={codes} done={() => void done()} />;
	return (
		<>
			<Arrival class="warning">
				<p>{text.enrol.why}</p>
			</Arrival>
			<h2>{text.app.title}</h2>
			<p>{text.app.what}</p>
			<AppSetup done={go} class="primary" />
			<h2>{text.passkeys.title}</h2>
			<p>{text.passkeys.what}</p>
			<PasskeyForm done={go} />
		</>
	);
}
