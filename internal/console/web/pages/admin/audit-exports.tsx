import { useEffect, useState } from "preact/hooks";
import { Title } from "../../app";
import { call, isProblem } from "../../api/call";
import {
	downloadAuditLogExport,
	listAuditLogExports,
	requestAuditLogExport,
	type AuditExportFormat,
	type AuditLogExport,
	type AuditLogExportFilter,
} from "../../api/operations";
import { Form, Select } from "../../parts/form";
import { FileLink } from "../../parts/file-link";
import { List } from "../../parts/load";
import { Time, ZoneNote, fullTime } from "../../parts/time";
import { fileSize } from "../../parts/numbers";
import { useAddress } from "../../router";
import { FilterFields, filterOf, paramsOf, typedFilter } from "./audit-filter";
import { actionName, entityName } from "./audit-words";
import { count } from "../../parts/numbers";
import { text } from "./text";

/** Files of the audit log: asking for them, and those that are there. */
export function AuditExports() {
	const filter = filterOf(useAddress().searchParams);
	const [asked, setAsked] = useState(0);
	return (
		<>
			<p>
				<a href={"/admin/audit" + location.search}>{text.allEntries}</a>
			</p>
			<Title text={text.exports} />
			<p>{text.exportsHint}</p>
			<section aria-labelledby="ask">
				<h2 id="ask">{text.askExport}</h2>
				<Form
					action={text.makeFiles}
					own={{ "too-many-audit-exports": text.tooManyExports }}
					done={text.exportAsked}
					submit={async (values, key) => {
						const typed = paramsOf(typedFilter(values));
						const body = {
							filter: typed as AuditLogExportFilter,
							format: values.text("format") as AuditExportFormat,
						};
						try {
							await call(requestAuditLogExport, {}, body, { idempotencyKey: key });
						} catch (error) {
							// The fields of the form are those of the filter.
							if (isProblem(error))
								for (const e of error.errors) e.location = e.location.replace("filter.", "");
							throw error;
						}
						setAsked(asked + 1);
						document.getElementById("made")?.focus();
					}}
				>
					<FilterFields filter={filter} fromRequired />
					<Select
						name="format"
						label={text.format}
						required
						initial="CSV"
						options={[
							["CSV", text.csv],
							["NDJSON", text.ndjson],
						]}
					/>
				</Form>
			</section>
			<section aria-labelledby="made">
				<h2 id="made" tabIndex={-1}>
					{text.madeExports}
				</h2>
				<List key={asked} op={listAuditLogExports} params={{ limit: 20 }} empty={text.noExports}>
					{(items, reload) => (
						<>
							{items.some((e) => e.status === "PENDING") && <Poll reload={reload} />}
							<ul class="list">
								{items.map((item) => (
									<li key={item.id} class="card">
										<Export item={item} />
									</li>
								))}
							</ul>
						</>
					)}
				</List>
			</section>
			<ZoneNote />
		</>
	);
}

/** Reads the list again every few seconds while it is drawn. */
function Poll({ reload }: { reload: () => void }) {
	useEffect(() => {
		const timer = setInterval(reload, 3000);
		return () => clearInterval(timer);
	}, [reload]);
	return null;
}

/** Returns a filter in words. */
function says(filter: AuditLogExportFilter): string {
	return [
		text.filterFrom(fullTime(filter.from)),
		filter.to && text.filterTo(fullTime(filter.to)),
		filter.action && actionName(filter.action),
		filter.entityType && entityName(filter.entityType),
		filter.entityId && `${text.entityId}: ${filter.entityId}`,
		filter.actorId && `${text.actorId}: ${filter.actorId}`,
		filter.ipAddress && `${text.ipAddress}: ${filter.ipAddress}`,
		filter.q && `${text.idBegins}: ${filter.q}`,
	]
		.filter(Boolean)
		.join("; ");
}

function fileName({ createdAt, format }: AuditLogExport, part: number): string {
	return `amrutam-audit-log-${createdAt.slice(0, 10)}-${String(part).padStart(3, "0")}.${format.toLowerCase()}.gz`;
}

function Export({ item }: { item: AuditLogExport }) {
	const made = text.entriesSoFar(item.entries, count(item.entries));
	return (
		<>
			<h3>{says(item.filter)}</h3>
			<p role={item.status === "PENDING" ? "status" : undefined}>
				<strong>{text.exportStatus[item.status]}</strong> {made}
				{item.status === "PENDING" && (
					<>
						{" "}
						<progress aria-label={text.exportStatus.PENDING} />
					</>
				)}
			</p>
			{item.status === "TOO_LARGE" && <p class="warning">{text.tooLargeHint}</p>}
			<p class="small">
				{item.format} · <Time at={item.createdAt} /> · {text.expires} <Time at={item.expiresAt} />
			</p>
			{item.parts.length > 0 && (
				<ul>
					{item.parts.map((part) => (
						<li key={part.number}>
							<FileLink
								op={downloadAuditLogExport}
								params={{ id: item.id, part: part.number }}
								name={fileName(item, part.number)}
							>
								{text.downloadPart(part.number, item.parts.length)}
							</FileLink>{" "}
							({count(part.entries)}, {fileSize(part.size)})
							<br />
							<span class="small">SHA-256: {part.sha256}</span>
						</li>
					))}
				</ul>
			)}
		</>
	);
}
