import type { ComponentChildren } from "preact";
import { Title } from "../../app";
import { listOwnConsultations, type Consultation, type ConsultationStatus } from "../../api/operations";
import { List } from "../../parts/load";
import { Time, ZoneNote, fullTime } from "../../parts/time";
import { Name, Status } from "../../parts/value";
import { setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { WhatNow } from "./now";
import { ForWhom, live } from "./shared";
import { text } from "./text";

const over: ConsultationStatus[] = ["COMPLETED", "CANCELLED", "NO_SHOW"];

export function Visits() {
	const asked = useAddress().searchParams.get("status") as ConsultationStatus | null;
	const status = asked && over.includes(asked) ? [asked] : over;
	return (
		<>
			<Title text={text.title} />
			<ZoneNote />
			<section aria-labelledby="upcoming" class="settles">
				<h2 id="upcoming">{text.upcoming}</h2>
				<List
					op={listOwnConsultations}
					params={{ status: live, sort: "earliest", limit: 10 }}
					refreshOn={() => true}
					empty={
						<>
							{text.noneComing} <a href="/doctors">{text.find}</a>
						</>
					}
				>
					{(items, reload) => <Upcoming items={items} reload={reload} />}
				</List>
			</section>
			<section aria-labelledby="past">
				<h2 id="past">{text.past}</h2>
				<div class="field narrow-field">
					<label for="past-status">{text.show}</label>
					<select id="past-status" onChange={(event) => setQuery({ status: event.currentTarget.value })}>
						<option value="">{text.all}</option>
						{over.map((s) => (
							<option key={s} value={s} selected={s === asked}>
								{t.status[s]}
							</option>
						))}
					</select>
				</div>
				<List
					op={listOwnConsultations}
					params={{ status, sort: "latest", limit: 10 }}
					refreshOn={(change) => change.type !== "payment.changed"}
					empty={text.nonePast}
				>
					{(items) => (
						<ul class="list">
							{items.map((visit) => (
								<Row key={visit.id} visit={visit} />
							))}
						</ul>
					)}
				</List>
			</section>
			<p>
				{text.feedHint} <a href="/account">{text.feed}</a>
			</p>
		</>
	);
}

/** The next visit large with what to do, then the others. */
function Upcoming({ items, reload }: { items: Consultation[]; reload: () => void }) {
	const [next, ...rest] = items;
	if (!next) return null;
	return (
		<>
			<article class="card">
				<h3 class="lead">
					<Time at={next.startTime} />
				</h3>
				<p>
					<Status status={next.status} /> <Name>{next.doctorName ?? ""}</Name>
				</p>
				<p>
					{text.forWhom}: <ForWhom visit={next} />
				</p>
				<WhatNow visit={next} reload={reload} />
				<OpenLink visit={next} class="button" />
			</article>
			{rest.length > 0 && (
				<>
					<h3>{text.later}</h3>
					<ul class="list">
						{rest.map((visit) => (
							<Row key={visit.id} visit={visit}>
								<WhatNow visit={visit} reload={reload} isBrief />
							</Row>
						))}
					</ul>
				</>
			)}
		</>
	);
}

function OpenLink({ visit, class: className }: { visit: Consultation; class?: string }) {
	const label = text.openVisit(visit.doctorName ?? "", fullTime(visit.startTime));
	return (
		<a class={className} href={"/visits/" + visit.id} aria-label={label}>
			{text.open}
		</a>
	);
}

function Row({ visit, children }: { visit: Consultation; children?: ComponentChildren }) {
	return (
		<li class="card">
			<p>
				<strong>
					<Time at={visit.startTime} />
				</strong>{" "}
				<Status status={visit.status} />
			</p>
			<p>
				<Name>{visit.doctorName ?? ""}</Name>
				<br />
				{text.forWhom}: <ForWhom visit={visit} />
			</p>
			{children}
			<OpenLink visit={visit} />
		</li>
	);
}
