import { ZoneNote } from "../../parts/time";
import { useUser } from "../../session";
import { AccessLog } from "./access-log";
import { Consents } from "./consents";
import { DataCopy } from "./data-copy";
import { Ending } from "./ending";
import { Frame } from "./frame";
import { text } from "./text";

/** What may be done with a user's data, who read it, and how it goes. */
export function Privacy() {
	const isPatient = useUser()?.role === "PATIENT";
	return (
		<Frame title={text.tabs.privacy}>
			<ZoneNote />
			{isPatient && <Consents />}
			{isPatient && <AccessLog />}
			<DataCopy />
			<Ending />
		</Frame>
	);
}
