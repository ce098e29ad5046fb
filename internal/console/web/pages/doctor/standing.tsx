// Whether the doctor may work yet; if not, the way to the application.

import { isProblem } from "../../api/call";
import { readDoctor, type Doctor } from "../../api/operations";
import { useLoad, type Loaded } from "../../parts/load";
import { currentUser } from "../../session";
import { text } from "./text";

/** Reads the doctor's own profile; a doctor has the id of the user. */
export function useOwnProfile(): Loaded<Doctor> {
	const me = currentUser();
	return useLoad(readDoctor, me && { id: me.id });
}

export function hasNotApplied(profile: Loaded<Doctor>): boolean {
	return profile.data === undefined && isProblem(profile.error, "not-found");
}

/** Reports whether it is known that the doctor can't be booked. */
export function isBarred(profile: Loaded<Doctor>): boolean {
	return hasNotApplied(profile) || profile.data?.isApproved === false;
}

/** Leads a doctor who isn't approved to the application; nothing for others. */
export function Standing({ profile }: { profile: Loaded<Doctor> }) {
	if (!isBarred(profile)) return null;
	const isNew = hasNotApplied(profile);
	return (
		<div class="warning">
			<p>{isNew ? text.notApplied : text.notApproved}</p>
			<p>
				<a class="button primary" href="/application">
					{isNew ? text.applyNow : text.seeApplication}
				</a>
			</p>
		</div>
	);
}
