import { isProblem } from "../../api/call";
import { readDoctor } from "../../api/operations";
import { useLoad } from "../../parts/load";
import { currentUser } from "../../session";
import { text } from "./text";

/** Tells a doctor who hasn't applied to do that first; nothing for others. */
export function ApplyFirst() {
	const me = currentUser();
	const { error } = useLoad(readDoctor, me && { id: me.id });
	if (!isProblem(error, "not-found")) return null;
	return (
		<div class="warning">
			<p>{text.applyFirst}</p>
			<p>
				<a class="button primary" href="/application">
					{text.toApplication}
				</a>
			</p>
		</div>
	);
}
