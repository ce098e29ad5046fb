import { Title } from "../../app";
import { listAuditLogs, type AuditEvent } from "../../api/operations";
import { Form } from "../../parts/form";
import { List } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { navigate, setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { FilterFields, faultsOf, filterOf, paramsOf, queryOf, typedFilter, type Filter } from "./audit-filter";
import { actionName, entityName, nobody, pageOf } from "./audit-words";
import { PersonLink, PersonName } from "../../parts/person";
import { text } from "./text";

/** The audit log by its filters, which the address keeps. */
export function AuditLog() {
	const filter = filterOf(useAddress().searchParams);
	const query = queryOf(filter);
	const faults = faultsOf(filter);
	return (
		<>
			<Title text={text.audit} />
			<p>{text.auditHint}</p>
			<Form
				key={query}
				action={t.search}
				aside={
					<>
						{query && (
							<button
								type="button"
								class="quiet"
								onClick={() => {
									navigate("/admin/audit", { replace: true });
									focusResults();
								}}
							>
								{text.clearFilter}
							</button>
						)}
						<a href={"/admin/audit-exports" + query}>{text.exportThese}</a>
					</>
				}
				submit={(values) => {
					setQuery(typedFilter(values));
					focusResults();
					return Promise.resolve();
				}}
			>
				<FilterFields filter={filter} />
				<p class="hint">{text.oldHint}</p>
			</Form>
			<ZoneNote />
			<h2 id="results" tabIndex={-1}>
				{text.entries}
			</h2>
			{faults.length > 0 ? (
				<div class="refusal" role="alert">
					{faults.map((fault) => (
						<p key={fault.location}>{fault.message}</p>
					))}
				</div>
			) : (
				<List op={listAuditLogs} params={{ ...paramsOf(filter), limit: 100 }} empty={text.noEntries}>
					{(entries) => <Entries entries={entries} filter={filter} />}
				</List>
			)}
		</>
	);
}

/** Moves the focus on from the form, which is drawn anew with the new filter. */
function focusResults(): void {
	setTimeout(() => document.getElementById("results")?.focus(), 50);
}

function Entries({ entries, filter }: { entries: AuditEvent[]; filter: Filter }) {
	if (entries.length === 0) return <p class="empty">{text.noneYet}</p>;
	return (
		<div class="scroll figures" role="region" aria-label={text.entries} tabIndex={0}>
			<table aria-labelledby="results">
				<thead>
					<tr>
						<th scope="col">{text.when}</th>
						<th scope="col">{text.what}</th>
						<th scope="col">{text.object}</th>
						<th scope="col">{text.who}</th>
						<th scope="col">{text.fromWhere}</th>
					</tr>
				</thead>
				<tbody>
					{entries.map((entry) => (
						<tr key={entry.id}>
							<td>
								<Time at={entry.createdAt} show="date" /> <Time at={entry.createdAt} show="clock" />
							</td>
							<td>
								<a href={"/admin/audit/" + entry.id}>{actionName(entry.action)}</a>
							</td>
							<td>
								<Entity entry={entry} filter={filter} />
							</td>
							<td>
								<Actor entry={entry} filter={filter} />
							</td>
							<td>
								{entry.ipAddress && (
									<a href={"/admin/audit" + queryOf({ ...filter, ipAddress: entry.ipAddress })}>
										{entry.ipAddress}
									</a>
								)}
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

/** The end of an id is enough to tell two apart. */
function short(id: string): string {
	return id.length > 13 ? "…" + id.slice(-8) : id;
}

/** The object of an entry, as a link to all that was done to it. */
export function Entity({ entry, filter }: { entry: AuditEvent; filter: Filter }) {
	const to = { ...filter, entityType: entry.entityType, entityId: entry.entityId };
	const page = pageOf(entry.entityType, entry.entityId);
	const name = entityName(entry.entityType);
	const link = page ? <a href={page}>{name}</a> : name;
	return (
		<>
			{entry.visit ? (
				<>
					{link}, <Time at={entry.visit.startTime} />: <PersonName name={entry.visit.patientName} /> –{" "}
					<PersonName name={entry.visit.doctorName} />
				</>
			) : entry.entityName && page ? (
				<>
					{name}{" "}
					<a href={page}>
						<Name>{entry.entityName}</Name>
					</a>
				</>
			) : (
				<>
					{link} {entry.entityName && entry.entityId !== entry.actorId && <Name>{entry.entityName}</Name>}
				</>
			)}{" "}
			<a class="small" href={"/admin/audit" + queryOf(to)}>
				<span class="hidden">{text.onlyThis(name)} </span>
				{short(entry.entityId)}
			</a>
		</>
	);
}

/** Who did it, as a link to all that they did. */
export function Actor({ entry, filter }: { entry: AuditEvent; filter: Filter }) {
	if (!entry.actorId) return <>{nobody(entry)}</>;
	const role = entry.actorRole ? t.roles[entry.actorRole] : text.user;
	return (
		<>
			<PersonLink id={entry.actorId} name={entry.actorName ?? null} /> ({role}){" "}
			<a class="small" href={"/admin/audit" + queryOf({ ...filter, actorId: entry.actorId })}>
				<span class="hidden">{text.onlyThis(role)} </span>
				{short(entry.actorId)}
			</a>
		</>
	);
}
