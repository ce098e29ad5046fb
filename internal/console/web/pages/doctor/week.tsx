// Seven days of a doctor: a table where there is room, else a list.

import { useEffect, useState } from "preact/hooks";
import { Title } from "../../app";
import { read } from "../../api/call";
import { listDoctorConsultations, type DoctorConsultationPage } from "../../api/operations";
import { Loading } from "../../parts/load";
import { Refusal } from "../../parts/refusal";
import { addDays, currentDay, dayName, plainDate, Time, ZoneNote } from "../../parts/time";
import { Name, Status } from "../../parts/value";
import { useVisitChanges } from "../../parts/visit-changes";
import { setQuery, useAddress } from "../../router";
import { Standing, useOwnProfile } from "./standing";
import { text } from "./text";
import { dayFrom } from "./today";

interface WeekDay {
	date: string;
	page: DoctorConsultationPage;
}

interface WeekState {
	from: string;
	days?: WeekDay[];
	error?: unknown;
}

/** Reads seven days, and again after changes. What was read stays until the new days are there. */
function useWeek(from: string): WeekState & { reload: () => void } {
	const [state, setState] = useState<WeekState>({ from });
	const [round, setRound] = useState(0);
	useEffect(() => {
		const abort = new AbortController();
		const dates = Array.from({ length: 7 }, (_, i) => addDays(from, i));
		const one = async (date: string): Promise<WeekDay> => ({
			date,
			page: (await read(listDoctorConsultations, { date }, { signal: abort.signal })).data,
		});
		Promise.all(dates.map(one)).then(
			(days) => abort.signal.aborted || setState({ from, days }),
			(error: unknown) =>
				abort.signal.aborted || setState((s) => (s.from === from ? { ...s, error } : { from, error })),
		);
		return () => abort.abort();
	}, [from, round]);
	const reload = (): void => setRound((n) => n + 1);
	useVisitChanges(reload);
	return state.from === from ? { ...state, reload } : { from, reload };
}

function useIsNarrow(): boolean {
	const [query] = useState(() => matchMedia("(max-width: 45rem)"));
	const [isNarrow, setNarrow] = useState(query.matches);
	useEffect(() => {
		const update = (): void => setNarrow(query.matches);
		query.addEventListener("change", update);
		return () => query.removeEventListener("change", update);
	}, []);
	return isNarrow;
}

/** Returns the Monday of the week of a day. */
function mondayOf(day: string): string {
	return addDays(day, -((new Date(day + "T12:00:00Z").getUTCDay() + 6) % 7));
}

export function Week() {
	const today = currentDay();
	const from = dayFrom(useAddress().searchParams.get("from"), mondayOf(today));
	const week = useWeek(from);
	const isNarrow = useIsNarrow();
	return (
		<>
			<Title text={text.week.title} />
			<p aria-live="polite">{text.week.span(plainDate(from), plainDate(addDays(from, 6)))}</p>
			<div class="actions">
				<button type="button" onClick={() => setQuery({ from: addDays(from, -7) })}>
					{text.week.before}
				</button>
				<button type="button" onClick={() => setQuery({ from: "" })}>
					{text.week.current}
				</button>
				<button type="button" onClick={() => setQuery({ from: addDays(from, 7) })}>
					{text.week.after}
				</button>
			</div>
			<Standing profile={useOwnProfile()} />
			{week.error !== undefined && <Refusal error={week.error} retry={week.reload} />}
			{week.days ? (
				<Days days={week.days} today={today} isNarrow={isNarrow} />
			) : (
				week.error === undefined && <Loading />
			)}
			<ZoneNote />
		</>
	);
}

function free({ page }: WeekDay): number {
	return (page.gaps ?? []).reduce((n, gap) => n + (gap.freeSeats ?? 0), 0);
}

function DayLink({ day, today }: { day: WeekDay; today: string }) {
	return (
		<>
			<a href={day.date === today ? "/today" : "/today?date=" + day.date}>{dayName(day.date)}</a>{" "}
			{day.date === today && <span class="chip">{text.week.today}</span>}{" "}
			{(day.page.leaves ?? []).length > 0 && <span class="chip">{text.week.leave}</span>}
		</>
	);
}

/** How many visits of a day are shown; its own page has all of them. */
const atOnce = 30;

function VisitsOf({ day }: { day: WeekDay }) {
	if (day.page.items.length === 0) return null;
	return (
		<ul class="plain">
			{day.page.items.slice(0, atOnce).map((visit) => (
				<li key={visit.id}>
					<a href={"/consultations/" + visit.id}>
						<Time at={visit.startTime} show="clock" /> <Name>{visit.patientName ?? text.patient}</Name>
					</a>{" "}
					{visit.status !== "CONFIRMED" && <Status status={visit.status} />}
				</li>
			))}
			{day.page.items.length > atOnce && (
				<li>
					<a href={"/today?date=" + day.date}>{text.week.others(day.page.items.length - atOnce)}</a>
				</li>
			)}
		</ul>
	);
}

function Days({ days, today, isNarrow }: { days: WeekDay[]; today: string; isNarrow: boolean }) {
	if (isNarrow) {
		return (
			<ul class="list">
				{days.map((day) => (
					<li key={day.date} class="card">
						<h2>
							<DayLink day={day} today={today} />
						</h2>
						<p>{text.today.counts(day.page.items.length, free(day))}</p>
						<VisitsOf day={day} />
					</li>
				))}
			</ul>
		);
	}
	return (
		<table>
			<caption>{text.week.caption}</caption>
			<thead>
				<tr>
					<th scope="col">{text.week.day}</th>
					<th scope="col" class="number">
						{text.week.booked}
					</th>
					<th scope="col" class="number">
						{text.week.free}
					</th>
					<th scope="col">{text.week.visits}</th>
				</tr>
			</thead>
			<tbody>
				{days.map((day) => (
					<tr key={day.date}>
						<th scope="row">
							<DayLink day={day} today={today} />
						</th>
						<td class="number">{day.page.items.length}</td>
						<td class="number">{free(day)}</td>
						<td>{day.page.items.length ? <VisitsOf day={day} /> : text.week.nobody}</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}
