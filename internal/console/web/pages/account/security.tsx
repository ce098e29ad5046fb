import { useState } from "preact/hooks";
import { isProblem } from "../../api/call";
import { ZoneNote } from "../../parts/time";
import { signedIn } from "../../session";
import { Devices } from "./devices";
import { Enrol } from "./enrol";
import { Factors } from "./factors";
import { Frame } from "./frame";
import { PasswordChange } from "./password";
import { RecoveryCodes } from "./recovery-codes";
import { text } from "./text";

/** The password, the second factors and the devices. */
export function Security() {
	const [codes, setCodes] = useState<string[]>([]);
	const [mustEnrol, setMustEnrol] = useState(false);
	const [round, setRound] = useState(0);
	const changed = async (): Promise<void> => {
		// A new second factor signs other devices out.
		setRound((n) => n + 1);
		try {
			await signedIn();
		} catch (error) {
			// Staff has removed the last second factor.
			if (!isProblem(error, "mfa-required")) throw error;
			setMustEnrol(true);
		}
	};
	if (codes.length > 0) return <RecoveryCodes codes={codes} done={() => setCodes([])} />;
	if (mustEnrol) {
		return (
			<Frame key="enrol" title={text.enrol.title}>
				<Enrol done={async () => setMustEnrol(!(await signedIn()))} />
			</Frame>
		);
	}
	return (
		<Frame title={text.tabs.security}>
			<ZoneNote />
			<div class="columns">
				<Factors showCodes={setCodes} changed={changed} />
				<div>
					<PasswordChange />
					<Devices key={round} />
				</div>
			</div>
		</Frame>
	);
}
