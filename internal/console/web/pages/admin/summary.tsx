import { readAnalyticsSummary, type Role } from "../../api/operations";
import { money } from "../../parts/value";
import { t } from "../../text";
import { Report, type PeriodProps } from "./report";
import { Figures } from "./charts";
import { count, duration, percent } from "./parts";
import { text } from "./text";

/** Returns the change against the period before, like "+12 %". */
function change(now: number, before: number): string {
	if (before === 0) return "–";
	const share = now / before - 1;
	return (share > 0 ? "+" : "") + percent(share);
}

/** The figures of the period at a glance, and the people there are now. */
export function Summary({ period }: PeriodProps) {
	return (
		<Report title={text.summary} hint={text.summaryHint} op={readAnalyticsSummary} params={{ ...period }}>
			{(data) => {
				const p = data.previous;
				const row = (label: string, now: number, before: number | undefined): string[] => [
					label,
					count(now),
					...(p ? [count(before ?? 0), change(now, before ?? 0)] : []),
				];
				const c = data.consultations;
				const shown = (label: string, now: string, before: string): string[] => [
					label,
					now,
					...(p ? [before, ""] : []),
				];
				const currencies = new Set([...data.revenue, ...(p?.revenue ?? [])].map((r) => r.currency));
				const revenue = [...currencies].flatMap((currency) => {
					const now = data.revenue.find((r) => r.currency === currency);
					const before = p?.revenue.find((r) => r.currency === currency);
					return (["captured", "refunded", "net"] as const).map((name) => {
						const [a, b] = [now?.[name] ?? "0", before?.[name] ?? "0"];
						const cells = [text.revenue[name](currency), money(a, currency)];
						return p ? [...cells, money(b, currency), change(Number(a), Number(b))] : cells;
					});
				});
				return (
					<>
						<Figures
							open
							caption={text.summary}
							head={[text.figure, text.number, ...(p ? [text.before, text.changeHead] : [])]}
							rows={[
								row(text.booked, c.booked, p?.consultations.booked),
								row(text.completed, c.completed, p?.consultations.completed),
								row(text.cancelled, c.cancelled, p?.consultations.cancelled),
								row(text.missed, c.noShows, p?.consultations.noShows),
								shown(
									text.completionRate,
									percent(c.completionRate),
									percent(p?.consultations.completionRate),
								),
								shown(
									text.timeToVisit,
									duration(c.averageSecondsToStart),
									duration(p?.consultations.averageSecondsToStart ?? null),
								),
								row(text.seatsOffered, data.slots.seatsOffered, p?.slots.seatsOffered),
								row(text.seatsTaken, data.slots.seatsTaken, p?.slots.seatsTaken),
								shown(text.seatsUsed, percent(data.slots.utilization), percent(p?.slots.utilization)),
								row(text.newPatients, data.people.newPatients, p?.people.newPatients),
								row(text.newDoctors, data.people.newDoctors, p?.people.newDoctors),
								row(text.approvedDoctors, data.people.approvedDoctors, p?.people.approvedDoctors),
								...revenue,
							]}
						/>
						<Figures
							open
							caption={text.thereAreNow}
							head={[text.figure, text.number]}
							rows={[
								...Object.entries(data.users).map(([role, n]) => [
									text.usersOf(t.roles[role as Role] ?? role),
									count(n),
								]),
								[text.doctorsApproved, count(data.doctors.approved)],
								[text.doctorsWaiting, count(data.doctors.waiting)],
								[
									text.averageRating,
									data.doctors.averageRating === null
										? "–"
										: `${data.doctors.averageRating} (${text.ratings(data.doctors.ratings, count(data.doctors.ratings))})`,
								],
							]}
						/>
					</>
				);
			}}
		</Report>
	);
}
