// One day of a doctor: visits, free times and leaves by their start.

import { useState } from "preact/hooks";
import { Title } from "../../app";
import { isAboutVisits } from "../../api/events";
import { listDoctorConsultations, type Consultation, type Gap, type Leave } from "../../api/operations";
import { useNow } from "../../parts/now";
import { Show, useLoad } from "../../parts/load";
import { addDays, clock, dayName, dayOf, isDay, Time, ZoneNote } from "../../parts/time";
import { Name, Status } from "../../parts/value";
import { setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { isBarred, Standing, useOwnProfile } from "./standing";
import { text } from "./text";

/** Returns a day of the address like "2026-03-03", or the alternative if it is none. */
export function dayFrom(value: string | null, alternative: string): string {
	return isDay(value) ? value : alternative;
}

export function Today() {
	const address = useAddress();
	const today = dayOf(new Date(useNow(30_000)));
	const date = dayFrom(address.searchParams.get("date"), today);
	const profile = useOwnProfile();
	const day = useLoad(listDoctorConsultations, { date }, isAboutVisits);
	return (
		<>
			<Title text={date === today ? text.today.title : dayName(date)} />
			{date === today && <p>{dayName(date)}</p>}
			<DayChoice date={date} today={today} />
			<Standing profile={profile} />
			<Show loaded={day}>
				{(data) => (
					<DayList
						key={date}
						date={date}
						isComplete={data.day?.isComplete !== false}
						items={data.items}
						gaps={data.gaps ?? []}
						leaves={data.leaves ?? []}
						isBarred={isBarred(profile)}
					/>
				)}
			</Show>
			<ZoneNote />
		</>
	);
}

function DayChoice({ date, today }: { date: string; today: string }) {
	const go = (to: string): void => setQuery({ date: to === today ? "" : to });
	return (
		<div class="actions">
			<button type="button" onClick={() => go(addDays(date, -1))}>
				{text.today.before}
			</button>
			<label class="day-choice">
				<span class="hidden">{text.today.day}</span>
				<input
					// A day that was chosen by the buttons replaces what the field shows.
					key={date}
					type="date"
					defaultValue={date}
					onChange={(event) => {
						const to = dayFrom(event.currentTarget.value, "");
						if (to && to !== date) go(to);
					}}
				/>
			</label>
			<button type="button" onClick={() => go(addDays(date, 1))}>
				{text.today.after}
			</button>
			{date !== today && (
				<button type="button" class="quiet" onClick={() => go(today)}>
					{text.today.backToToday}
				</button>
			)}
			<a href={"/week?from=" + date}>{text.today.week}</a>
		</div>
	);
}

interface DayProps {
	date: string;
	items: Consultation[];
	gaps: Gap[];
	leaves: Leave[];
	/** All visits of the day are in items. */
	isComplete: boolean;
	isBarred: boolean;
}

/** How many entries of a day are shown at first, and how many more by each press. */
const atOnce = 100;

type Entry = { at: string; order: number; visit?: Consultation; gap?: Gap; leave?: Leave };

/** Returns the visit that is in progress, or else the next one that isn't over. */
export function nextVisit(items: Consultation[], now: Date): Consultation | undefined {
	return (
		items.find((v) => v.status === "IN_PROGRESS") ??
		items.find((v) => v.status === "CONFIRMED" && new Date(v.endTime) > now)
	);
}

function DayList({ date, items, gaps, leaves, isComplete, isBarred: isWaiting }: DayProps) {
	const [shown, setShown] = useState(atOnce);
	const now = new Date(useNow(30_000));
	const next = date === dayOf(now) ? nextVisit(items, now) : undefined;
	const entries: Entry[] = [
		...items.map((visit) => ({ at: visit.startTime, order: 1, visit })),
		...gaps.map((gap) => ({ at: gap.startTime, order: 2, gap })),
		...leaves.map((leave) => ({ at: leave.startTime, order: 0, leave })),
	];
	entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.order - b.order);
	const free = gaps.reduce((n, gap) => n + (gap.freeSeats ?? 0), 0);
	if (entries.length === 0) {
		return isWaiting ? null : (
			<p class="empty">
				{text.today.empty} <a href="/hours">{text.today.toHours}</a>
			</p>
		);
	}
	// The next visit is always among those shown.
	const end = Math.max(shown, entries.findIndex(({ visit }) => visit && visit === next) + 1);
	return (
		<>
			<p>{text.today.counts(items.length, free)}</p>
			{!isComplete && <p class="warning">{text.today.incomplete(items.length)}</p>}
			<ol class="list" aria-label={text.today.list}>
				{entries.slice(0, end).map(({ at, visit, gap, leave }) => (
					<li key={at + (visit?.id ?? gap?.slotId ?? (leave ? "leave" : "gap"))}>
						{visit && <VisitOfDay visit={visit} isNext={visit === next} />}
						{gap && <GapOfDay gap={gap} />}
						{leave && (
							<p class="warning">
								{text.today.leave} <Time at={leave.startTime} /> – <Time at={leave.endTime} />
							</p>
						)}
					</li>
				))}
			</ol>
			{end < entries.length && (
				<button type="button" onClick={() => setShown(end + atOnce)}>
					{t.more}
				</button>
			)}
		</>
	);
}

function VisitOfDay({ visit, isNext }: { visit: Consultation; isNext: boolean }) {
	const name = visit.patientName ?? text.patient;
	const isComing = visit.status === "CONFIRMED" || visit.status === "IN_PROGRESS";
	return (
		<div class={isNext ? "card visit next" : "card visit"}>
			<h2>
				{isNext && (
					<span class="chip">{visit.status === "IN_PROGRESS" ? text.today.now : text.today.next}</span>
				)}{" "}
				<Time at={visit.startTime} show="clock" /> – <Time at={visit.endTime} show="clock" />{" "}
				<Name>{name}</Name>
			</h2>
			<p>
				<Status status={visit.status} />{" "}
				{isComing && (
					<span class={visit.patientArrivedAt ? "chip" : "small"}>
						{visit.patientArrivedAt
							? text.today.arrived(clock(visit.patientArrivedAt))
							: text.today.notArrived}
					</span>
				)}{" "}
				{visit.isMinor && <span class="chip">{text.minor}</span>}
			</p>
			<p>
				<a
					class={isNext ? "button primary" : "button"}
					href={"/consultations/" + visit.id}
					aria-label={text.today.openVisit(name, clock(visit.startTime))}
				>
					{text.today.open}
				</a>
			</p>
		</div>
	);
}

function GapOfDay({ gap }: { gap: Gap }) {
	return (
		<p class="small">
			<Time at={gap.startTime} show="clock" /> – <Time at={gap.endTime} show="clock" />{" "}
			{gap.kind === "SLOT" ? text.today.free(t.places(gap.freeSeats ?? 0)) : text.today.pause}
		</p>
	);
}
