import { Title } from "../../app";
import { listUsers, type Role } from "../../api/operations";
import { Field, Form, Select } from "../../parts/form";
import { List } from "../../parts/load";
import { Table } from "../../parts/table";
import { Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { focusOn } from "../../parts/focus";
import { setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { text } from "./text";

/** Returns the filter that a search means: a mail address, a phone number, or a name. */
function filterOf(query: string): { email?: string; phone?: string; name?: string } {
	if (!query) return {};
	if (query.includes("@")) return { email: query };
	const western = query.replace(/[०-९]/g, (digit) => String(digit.charCodeAt(0) - 0x966));
	if (/^\+?[\d\s()-]{5,}$/.test(western)) return { phone: western };
	return { name: query };
}

/** Finds people by mail address, phone number or name. */
export function People() {
	const query = useAddress().searchParams;
	const q = query.get("q") ?? "";
	const role = query.get("role") ?? "";
	const deleted = query.get("deleted") === "yes";
	return (
		<>
			<Title text={text.people} />
			<Form
				key={query.toString()}
				action={t.search}
				submit={(values) => {
					setQuery({
						q: values.text("q"),
						role: values.text("role") === "all" ? "" : values.text("role"),
						deleted: values.text("deleted") === "yes" ? "yes" : "",
					});
					focusOn("found");
					return Promise.resolve();
				}}
			>
				<div class="row">
					<Field name="q" label={text.who} hint={text.whoHint} type="search" maxLength={320} initial={q} />
					<Select
						name="role"
						label={text.role}
						required
						options={[["all", text.anyRole], ...Object.entries(t.roles)]}
						initial={Object.hasOwn(t.roles, role) ? role : "all"}
					/>
					<Select
						name="deleted"
						label={text.accounts}
						required
						options={[
							["no", text.notDeleted],
							["yes", text.onlyDeleted],
						]}
						initial={deleted ? "yes" : "no"}
					/>
				</div>
			</Form>
			<h2 id="found" tabIndex={-1}>
				{q ? text.foundFor(q) : text.everybody}
			</h2>
			<ZoneNote />
			<List
				op={listUsers}
				params={{
					...filterOf(q),
					limit: 50,
					deleted,
					...(Object.hasOwn(t.roles, role) && { role: role as Role }),
				}}
				empty={text.nobody}
				own={{ "validation-failed": text.wrongSearch }}
			>
				{(users) => (
					<Table
						caption={text.people}
						columns={[text.name, text.email, text.role, text.account, text.since]}
						rows={users.map((u) => ({
							id: u.id,
							cells: [
								<a href={"/people/" + u.id}>
									<Name>{u.fullName || u.email}</Name>
								</a>,
								u.email,
								t.roles[u.role],
								u.deletedAt
									? text.deleted
									: u.disabledAt
										? text.disabled
										: u.isEmailVerified
											? text.active
											: text.notVerified,
								<Time at={u.createdAt} show="date" />,
							],
						}))}
					/>
				)}
			</List>
		</>
	);
}
