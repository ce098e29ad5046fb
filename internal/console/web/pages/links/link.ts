// The token in the link of a mail.

import { useState } from "preact/hooks";
import { isProblem } from "../../api/call";

/** What became of the link: "" until it was used. "incomplete" is a link without its whole token. */
type End = "" | "done" | "spent" | "incomplete";

interface Link {
	token: string;
	end: End;
	/** Uses the token. Throws Problem if it may still be used. */
	use: (run: () => Promise<unknown>) => Promise<void>;
}

/**
 * Takes the token out of the address, so that no other page, no bookmark and no picture of the screen has it. The entry
 * of the history keeps it for a reload, until it is used.
 */
function takeToken(): string {
	const given = new URLSearchParams(location.search).get("token");
	if (given !== null) history.replaceState({ token: given }, "", location.pathname);
	const kept = (history.state as { token?: unknown } | null)?.token;
	return typeof kept === "string" ? kept : "";
}

/** The link of a mail, which works once. */
export function useLink(): Link {
	const [token] = useState(takeToken);
	const [end, setEnd] = useState<End>(token ? "" : "incomplete");
	const close = (as: End): void => {
		history.replaceState(null, "", location.pathname);
		setEnd(as);
	};
	const use = async (run: () => Promise<unknown>): Promise<void> => {
		try {
			await run();
			close("done");
		} catch (error) {
			if (isProblem(error, "invalid-token")) close("spent");
			else if (isProblem(error) && error.errors.some((f) => f.location === "body.token")) close("incomplete");
			else throw error;
		}
	};
	return { token, end, use };
}
