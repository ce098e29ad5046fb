import { homeOf, Title } from "../../app";
import { ActionButton } from "../../parts/form";
import { Name } from "../../parts/value";
import { findPlace, useAddress } from "../../router";
import { signOut, useUser } from "../../session";
import { t } from "../../text";
import { listFormat } from "../../parts/intl";
import { text } from "./text";

/** Says that a page is for users of another role, as after the link of a mail to another account. */
export function OtherRole() {
	const url = useAddress();
	const user = useUser();
	const roles = (findPlace(url.pathname)?.route.roles ?? []).map((role) => text.forRole[role]);
	if (!user) return null;
	return (
		<div class="narrow">
			<Title text={text.otherRole(listFormat("disjunction").format(roles))} />
			<p>
				{text.signedInAs} <Name>{user.fullName}</Name> ({t.roles[user.role]}).
			</p>
			<p class="actions">
				<a class="button" href={homeOf(user.role)}>
					{text.ownPages}
				</a>
				<ActionButton text={text.otherAccount} run={() => signOut(url.pathname + url.search)} />
			</p>
		</div>
	);
}
