import { hasNotApplied, useOwnProfile } from "../doctor/standing";
import { text } from "./text";

/** Tells a doctor who hasn't applied to do that first; nothing for others. */
export function ApplyFirst() {
	if (!hasNotApplied(useOwnProfile())) return null;
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
