import { Title } from "../../app";
import { isProblem } from "../../api/call";
import { readUser, searchConsultations, type Consultation, type StaffUser } from "../../api/operations";
import { List, Show, useLoad, type Loaded } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import type { PageProps } from "..";
import { currentUser } from "../../session";
import { t } from "../../text";
import { ErasureOf, PersonActions } from "./person-actions";
import { PersonLink, isAdmin } from "./shared";
import { text } from "./text";
import { VisitTable } from "./visit-table";

function Facts({ user }: { user: StaffUser }) {
	return (
		<dl>
			<dt>{text.state}</dt>
			<dd>
				{user.deletedAt ? (
					<>
						{text.deleted}, <Time at={user.deletedAt} />
					</>
				) : user.disabledAt ? (
					<>
						{text.disabled}, <Time at={user.disabledAt} />
					</>
				) : (
					text.active
				)}
			</dd>
			<dt>{text.role}</dt>
			<dd>{t.roles[user.role]}</dd>
			<dt>{text.email}</dt>
			<dd>
				{user.email} ({user.isEmailVerified ? text.verified : text.notVerified})
			</dd>
			<dt>{text.secondFactor}</dt>
			<dd>{user.mfaEnabled ? text.on : text.off}</dd>
			<dt>{text.since}</dt>
			<dd>
				<Time at={user.createdAt} show="date" />
			</dd>
		</dl>
	);
}

function Shown({ user, loaded }: { user: StaffUser; loaded: Loaded<StaffUser> }) {
	const isOwn = user.id === currentUser()?.id;
	return (
		<>
			<Title text={user.fullName || user.email} />
			<ZoneNote />
			<h2 id="account" tabIndex={-1}>
				{text.account}
			</h2>
			<Facts user={user} />
			{isAdmin() && !isOwn && !user.deletedAt && <PersonActions user={user} loaded={loaded} />}
			{isAdmin() && isOwn && <p class="note">{text.ownAccount}</p>}
			{isAdmin() && !isOwn && <ErasureOf user={user} />}
			{(user.role === "PATIENT" || user.role === "DOCTOR") && (
				<>
					<h2>{text.visitsAndMoney}</h2>
					<List
						key={user.updatedAt}
						op={searchConsultations}
						params={{
							limit: 20,
							...(user.role === "DOCTOR" ? { doctorId: user.id } : { patientId: user.id }),
						}}
						empty={text.noVisits}
					>
						{(visits) => (
							<>
								<p>
									<a
										href={`/all-visits?${user.role === "DOCTOR" ? "doctorId" : "patientId"}=${user.id}`}
									>
										{text.searchThese}
									</a>
								</p>
								<VisitTable visits={visits} />
							</>
						)}
					</List>
				</>
			)}
		</>
	);
}

/** The visits of somebody without an account, whom others care for, and who booked for them. */
function Dependant({ visit }: { visit: Consultation }) {
	return (
		<>
			<Title text={visit.patientName || text.dependant} />
			<p class="note">{text.noAccount}</p>
			<ZoneNote />
			{visit.bookedBy && (
				<dl>
					<dt>{text.bookedBy}</dt>
					<dd>
						<PersonLink id={visit.bookedBy} />
					</dd>
				</dl>
			)}
			<h2>{text.visitsAndMoney}</h2>
			<List op={searchConsultations} params={{ limit: 20, patientId: visit.patientId }} empty={text.noVisits}>
				{(visits) => <VisitTable visits={visits} />}
			</List>
		</>
	);
}

/** Who somebody is, their visits, and what administrators may do with the account. */
export function Person({ params }: PageProps) {
	const id = params["id"] ?? "";
	const loaded = useLoad(readUser, { id });
	// A dependant is a patient, too, but no user.
	const isNoUser = isProblem(loaded.error, "not-found");
	const visits = useLoad(searchConsultations, isNoUser ? { patientId: id, limit: 1 } : null);
	const visit = visits.data?.items[0];
	if (isNoUser && visit?.dependantId) return <Dependant visit={visit} />;
	return (
		<>
			{!loaded.data && <Title text={text.person} />}
			{isNoUser && !visits.data ? (
				<Show loaded={visits}>{() => null}</Show>
			) : (
				<Show loaded={loaded} gone={{ text: text.noPerson, href: "/people", link: text.people }}>
					{(user) => <Shown user={user} loaded={loaded} />}
				</Show>
			)}
		</>
	);
}
