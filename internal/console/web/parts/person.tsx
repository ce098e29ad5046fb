// People as staff see them: by name.

import { t } from "../text";
import { Name } from "./value";

/** The name of a person. Null is that of a deleted account. */
export function PersonName({ name }: { name: string | null }) {
	return name ? <Name>{name}</Name> : <>{t.deletedAccount}</>;
}

/** A person as a link to their account, or to another page of theirs. Null is the name of a deleted account. */
export function PersonLink({ id, name, page = "/people/" }: { id: string; name: string | null; page?: string }) {
	return (
		<a href={page + id}>
			<PersonName name={name} />
		</a>
	);
}
