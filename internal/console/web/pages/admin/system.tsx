// The state of the system, in words, with what to do first.

import { useEffect, useRef } from "preact/hooks";
import { Fragment, type ComponentChildren } from "preact";
import { Title } from "../../app";
import { readSystemState, type JobBacklog, type SystemState } from "../../api/operations";
import { announce } from "../../parts/announce";
import { Show, useLoad } from "../../parts/load";
import { count, duration } from "../../parts/numbers";
import { Table } from "../../parts/table";
import { Time, ZoneNote } from "../../parts/time";
import { t } from "../../text";
import { text } from "./text";

/** Where the counts of the API end. */
const mostJobs = 2_000;
const mostMails = 10_000;

/** The state of the system, read again by a button. */
export function System() {
	const loaded = useLoad(readSystemState, {});
	const isAsked = useRef(false);
	const at = loaded.data?.at;
	useEffect(() => {
		if (isAsked.current) announce(text.wasReadAgain);
		isAsked.current = false;
	}, [at]);
	return (
		<>
			<Title text={text.system} />
			<p class="hint">{text.systemHint}</p>
			<Show loaded={loaded}>
				{(state) => (
					<>
						<ZoneNote />
						<p class="actions">
							<button
								type="button"
								onClick={() => {
									isAsked.current = true;
									loaded.reload();
								}}
							>
								{text.readAgain}
							</button>
							<span class="small">
								{text.readAt}: <Time at={state.at} />
							</span>
						</p>
						<Warnings of={state} />
						<Jobs of={state.jobs} />
						<Mails of={state} />
						<Storage of={state} />
						<Rest of={state} />
					</>
				)}
			</Show>
		</>
	);
}

function Warnings({ of }: { of: SystemState }) {
	if (of.warnings.length === 0) return <p class="note">{text.allWell}</p>;
	return (
		<section aria-labelledby="needs">
			<h2 id="needs">{text.needsYou(of.warnings.length)}</h2>
			<ul class="plain">
				{of.warnings.map((name) => (
					<li key={name} class="warning">
						<p>{text.warnings[name] ?? name}</p>
						<p class="small">{text.runbook(name)}</p>
					</li>
				))}
			</ul>
		</section>
	);
}

/** Returns a number whose count may have ended. */
function upTo(n: number, most: number): string {
	return n >= most ? text.orMore(count(n)) : count(n);
}

function Jobs({ of }: { of: JobBacklog }) {
	const jobs = (n: number): string => upTo(n, mostJobs);
	return (
		<section aria-labelledby="jobs">
			<h2 id="jobs">{text.jobs}</h2>
			<p>
				{text.jobsNow(jobs(of.waiting), jobs(of.running), jobs(of.scheduled))}{" "}
				{of.oldestSeconds >= 60 && text.oldestJob(duration(of.oldestSeconds))}
			</p>
			{of.kinds.length === 0 ? (
				<p class="empty">{text.noJobsWait}</p>
			) : (
				<Table
					caption={text.jobKinds}
					columns={[text.jobKind, text.jobsWaiting, text.jobsRetrying, text.jobsGivenUp, text.lastFailure]}
					rows={of.kinds.map((k) => ({
						id: k.kind,
						cells: [
							<code>{k.kind}</code>,
							jobs(k.waiting),
							jobs(k.retrying),
							jobs(k.givenUp),
							k.lastFailure && k.lastFailedAt ? (
								<>
									{text.failures[k.lastFailure]}, <Time at={k.lastFailedAt} />
								</>
							) : (
								"–"
							),
						],
					}))}
				/>
			)}
		</section>
	);
}

function Mails({ of: { mails } }: { of: SystemState }) {
	const reasons = Object.entries(mails.givenUp);
	return (
		<section aria-labelledby="mails">
			<h2 id="mails">{text.mails}</h2>
			<p>
				{mails.waiting === 0
					? text.noMailWaits
					: text.mailsWaiting(mails.waiting, upTo(mails.waiting, mostMails))}
				{mails.oldestAt && (
					<>
						{" "}
						{text.oldestMail}: <Time at={mails.oldestAt} />
					</>
				)}
			</p>
			{reasons.length === 0 ? (
				<p class="empty">{text.noMailGivenUp}</p>
			) : (
				<Table
					caption={text.mailsGivenUp}
					columns={[text.why, text.number]}
					rows={reasons.map(([reason, n]) => ({
						id: reason,
						cells: [text.mailReasons[reason] ?? reason, upTo(n, mostMails)],
					}))}
				/>
			)}
		</section>
	);
}

/** Facts, each with its name. */
function Facts({ of }: { of: [name: string, value: ComponentChildren][] }) {
	return (
		<dl>
			{of.map(([name, value]) => (
				<Fragment key={name}>
					<dt>{name}</dt>
					<dd>{value}</dd>
				</Fragment>
			))}
		</dl>
	);
}

function timeOr(at: string | null): ComponentChildren {
	return at ? <Time at={at} /> : text.never;
}

function Storage({ of }: { of: SystemState }) {
	return (
		<section aria-labelledby="storage">
			<h2 id="storage">{text.storage}</h2>
			<Table
				caption={text.partitions}
				columns={[text.table, text.partitions]}
				rows={of.partitions.map((p) => ({
					id: p.table,
					cells: [<code>{p.table}</code>, p.period === "day" ? t.days(p.ahead) : text.monthsAhead(p.ahead)],
				}))}
			/>
			<h3>{text.archive}</h3>
			<Facts
				of={[
					[text.archiveBefore, <Time at={of.archive.before} />],
					[text.archiveOldest, timeOr(of.archive.oldestAt)],
				]}
			/>
			<h3>{text.backup}</h3>
			{of.backup ? (
				<Facts
					of={[
						[text.restorableTo, <Time at={of.backup.restorableTo} />],
						[text.baseAt, <Time at={of.backup.baseAt} />],
						[text.waitingBytes, `${count(Math.ceil(of.backup.waitingBytes / 1_000_000))} MB`],
					]}
				/>
			) : (
				<p>{text.noBackup}</p>
			)}
		</section>
	);
}

function Rest({ of }: { of: SystemState }) {
	return (
		<section aria-labelledby="rest">
			<h2 id="rest">{text.others}</h2>
			<Facts
				of={[
					[
						text.restoreMode,
						of.restoreMode ? (
							<>
								{text.restoreModeOn} <Time at={of.restoreMode.since} />
							</>
						) : (
							text.restoreModeOff
						),
					],
					[text.auditSealed, timeOr(of.auditLog.checkpointAt)],
					[text.auditUnsealed, duration(of.auditLog.unsealedSeconds)],
					[text.auditUnpublished, count(of.auditLog.unpublished)],
					[text.figuresUntil, timeOr(of.rollups.completeUntil)],
					[text.version, of.version.program],
					[text.goVersion, of.version.go],
					[text.schema, of.version.schema],
				]}
			/>
		</section>
	);
}
