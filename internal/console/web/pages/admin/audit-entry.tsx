import { useState } from "preact/hooks";
import { Title } from "../../app";
import { read } from "../../api/call";
import { proveAuditLog, readAuditLog, type AuditEvent, type AuditProof } from "../../api/operations";
import { CopyButton } from "../../parts/copy";
import { ActionButton } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import type { PageProps } from "../index";
import { filterOf } from "./audit-filter";
import { Actor, Entity } from "./audit-log";
import { actionName } from "./audit-words";
import { count } from "../../parts/numbers";
import { text } from "./text";

const none = filterOf(new URLSearchParams());

/** One entry of the audit log, with the proof that it is unchanged. */
export function AuditEntry({ params }: PageProps) {
	const loaded = useLoad(readAuditLog, { id: params["id"] ?? "" });
	return (
		<>
			<p>
				<a href="/admin/audit">{text.allEntries}</a>
			</p>
			<Title text={loaded.data ? actionName(loaded.data.action) : text.entry} />
			<Show loaded={loaded} gone={{ text: text.noSuchEntry, href: "/admin/audit", link: text.audit }}>
				{(entry) => (
					<>
						<dl>
							<dt>{text.when}</dt>
							<dd>
								<Time at={entry.createdAt} /> <span class="small">({entry.createdAt})</span>
							</dd>
							<dt>{text.who}</dt>
							<dd>
								<Actor entry={entry} filter={none} />
							</dd>
							<dt>{text.object}</dt>
							<dd>
								<Entity entry={entry} filter={none} />
							</dd>
							<dt>{text.fromWhere}</dt>
							<dd>{entry.ipAddress ?? text.noClient}</dd>
							<dt>{text.action}</dt>
							<dd>
								<code>{entry.action}</code>
							</dd>
							<dt>{text.entityId}</dt>
							<dd>
								<code>{entry.entityId}</code>
							</dd>
							{entry.actorId && (
								<>
									<dt>{text.actorId}</dt>
									<dd>
										<code>{entry.actorId}</code>
									</dd>
								</>
							)}
							<dt>{text.entryId}</dt>
							<dd>
								<code>{entry.id}</code>
							</dd>
						</dl>
						<ZoneNote />
						<Metadata entry={entry} />
						<Proof id={entry.id} />
					</>
				)}
			</Show>
		</>
	);
}

function Metadata({ entry }: { entry: AuditEvent }) {
	const rows = Object.entries(entry.metadata);
	if (rows.length === 0) return <p class="empty">{text.noMetadata}</p>;
	return (
		<div class="scroll" role="region" aria-label={text.metadata} tabIndex={0}>
			<table>
				<caption>{text.metadata}</caption>
				<thead>
					<tr>
						<th scope="col">{text.field}</th>
						<th scope="col">{text.value}</th>
					</tr>
				</thead>
				<tbody>
					{rows.map(([name, value]) => (
						<tr key={name}>
							<th scope="row">{name}</th>
							<td class="text">{typeof value === "string" ? value : JSON.stringify(value)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

/** The proof, which is read only when it is asked for: each reading leaves an entry itself. */
function Proof({ id }: { id: string }) {
	const [proof, setProof] = useState<AuditProof | null>(null);
	return (
		<section aria-labelledby="proof">
			<h2 id="proof" tabIndex={-1}>
				{text.proof}
			</h2>
			<p>{text.proofHint}</p>
			{proof ? (
				<ProofShown proof={proof} id={id} />
			) : (
				<ActionButton
					text={text.showProof}
					own={{ "audit-log-not-sealed": text.notSealed, "audit-log-altered": text.altered }}
					run={async () => {
						setProof((await read(proveAuditLog, { id })).data);
						document.getElementById("proof")?.focus();
					}}
				/>
			)}
		</section>
	);
}

function ProofShown({ proof, id }: { proof: AuditProof; id: string }) {
	const whole = JSON.stringify(proof, null, "\t");
	const parts: Array<[name: string, value: string]> = [
		[text.checkpoint, proof.checkpoint],
		[text.key, proof.key],
		[text.leaf, proof.leaf],
		[text.hashes, proof.hashes.join("\n")],
	];
	return (
		<>
			<p class="note" role="status">
				{text.proofSays(count(proof.leafIndex + 1), count(proof.treeSize))}
			</p>
			<p>{text.proofCheck}</p>
			<p class="actions">
				<CopyButton value={whole} label={text.copyProof} failed={text.notCopied} />
				<a
					class="button"
					download={`audit-proof-${id}.json`}
					href={"data:application/json;charset=utf-8," + encodeURIComponent(whole)}
				>
					{text.saveProof}
				</a>
			</p>
			{parts.map(([name, value]) => (
				<section key={name}>
					<h3>{name}</h3>
					<pre class="text" tabIndex={0} aria-label={name}>
						{value || "–"}
					</pre>
				</section>
			))}
		</>
	);
}
