// What can be done when something was changed elsewhere meanwhile: it is read again, and what is typed stays.

import { isProblem } from "../../api/call";
import { announce } from "../../parts/announce";
import { text } from "./text";

export function LoadAgain({ error, reload }: { error: unknown; reload: () => void }) {
	if (!isProblem(error, "precondition-failed")) return null;
	return (
		<button
			type="button"
			onClick={() => {
				reload();
				announce(text.application.loadedAgain);
			}}
		>
			{text.application.loadAgain}
		</button>
	);
}
