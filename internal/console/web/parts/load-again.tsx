// What can be done when something was changed elsewhere meanwhile: it is read again, and what is typed stays.

import { isProblem } from "../api/call";
import { announce } from "./announce";

interface LoadAgainProps {
	error: unknown;
	/** The text of the button. */
	text: string;
	/** Said afterwards. */
	done?: string;
	reload: () => void;
	/** Takes the refusal away: a reload that fails has its own. */
	clear: () => void;
}

export function LoadAgain({ error, text, done, reload, clear }: LoadAgainProps) {
	if (!isProblem(error, "precondition-failed")) return null;
	return (
		<button
			type="button"
			onClick={() => {
				clear();
				reload();
				if (done) announce(done);
			}}
		>
			{text}
		</button>
	);
}
