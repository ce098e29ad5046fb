import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import { inviteUser, listUsers, type StaffUser } from "../../api/operations";
import { Field, Form, Select } from "../../parts/form";
import { List } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { t } from "../../text";
import { text } from "./text";

const roles = ["ADMIN", "SUPPORT"] as const;

/** Those who work here, and an invitation for a new one. What else can be done is on the page of each. */
export function Staff() {
	const [invited, setInvited] = useState(0);
	return (
		<>
			<Title text={text.staff} />
			<p>{text.staffHint}</p>
			{roles.map((role) => (
				<section key={role} aria-labelledby={role}>
					<h2 id={role}>{text.staffOf[role]}</h2>
					<List key={invited} op={listUsers} params={{ role, limit: 50 }} empty={text.nobodyThere}>
						{(users) => <StaffTable users={users} caption={text.staffOf[role]} />}
					</List>
				</section>
			))}
			<ZoneNote />
			<section class="card" aria-labelledby="invite">
				<h2 id="invite" tabIndex={-1}>
					{text.invite}
				</h2>
				<p>{text.inviteHint}</p>
				<Form
					key={invited}
					action={text.invite}
					own={{ "address-taken": text.addressTaken }}
					done={text.invitedDone}
					submit={async (values, key) => {
						const body = {
							fullName: values.text("fullName"),
							email: values.text("email"),
							role: values.text("role") as "SUPPORT" | "ADMIN",
						};
						await call(inviteUser, {}, body, { idempotencyKey: key });
						setInvited(invited + 1);
						setTimeout(() => document.getElementById("invite")?.focus());
					}}
				>
					<Field name="fullName" label={text.name} maxLength={200} autocomplete="off" required />
					<Field name="email" type="email" label={text.email} autocomplete="off" maxLength={320} required />
					<Select
						name="role"
						label={text.role}
						hint={text.roleHint}
						required
						initial="SUPPORT"
						options={[
							["SUPPORT", t.roles.SUPPORT],
							["ADMIN", t.roles.ADMIN],
						]}
					/>
				</Form>
			</section>
		</>
	);
}

function StaffTable({ users, caption }: { users: StaffUser[]; caption: string }) {
	return (
		<div class="scroll figures" role="region" aria-label={caption} tabIndex={0}>
			<table aria-label={caption}>
				<thead>
					<tr>
						<th scope="col">{text.name}</th>
						<th scope="col">{text.email}</th>
						<th scope="col">{text.state}</th>
						<th scope="col">{text.secondFactor}</th>
						<th scope="col">{text.since}</th>
					</tr>
				</thead>
				<tbody>
					{users.map((u) => (
						<tr key={u.id}>
							<th scope="row">
								<a href={"/people/" + u.id}>
									<Name>{u.fullName}</Name>
								</a>
							</th>
							<td>{u.email}</td>
							<td>
								{u.disabledAt ? text.disabled : u.isEmailVerified ? text.active : text.invitedState}
							</td>
							<td>{u.mfaEnabled ? t.yes : t.no}</td>
							<td>
								<Time at={u.createdAt} show="date" />
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
