import { readAnalyticsSummary, type Role } from "../../api/operations";
import { t } from "../../text";
import { Report, type PeriodProps } from "./report";
import { Figures } from "./charts";
import { count, duration, percent } from "../../parts/numbers";
import { moneyRows, numberRow, shownRow } from "./rows";
import { text } from "./text";

/** The figures of the period at a glance, and the people there are now. */
export function Summary({ period }: PeriodProps) {
	return (
		<Report title={text.summary} hint={text.summaryHint} op={readAnalyticsSummary} params={{ ...period }}>
			{(data) => {
				const p = data.previous;
				const c = data.consultations;
				return (
					<>
						<Figures
							open
							caption={text.summary}
							head={[text.figure, text.number, ...(p ? [text.before, text.changeHead] : [])]}
							rows={[
								numberRow(text.booked, c.booked, p?.consultations.booked),
								numberRow(text.completed, c.completed, p?.consultations.completed),
								numberRow(text.cancelled, c.cancelled, p?.consultations.cancelled),
								numberRow(text.missed, c.noShows, p?.consultations.noShows),
								shownRow(
									text.completionRate,
									percent(c.completionRate),
									p && percent(p.consultations.completionRate),
								),
								shownRow(
									text.timeToVisit,
									duration(c.averageSecondsToStart),
									p && duration(p.consultations.averageSecondsToStart),
								),
								numberRow(text.seatsOffered, data.slots.seatsOffered, p?.slots.seatsOffered),
								numberRow(text.seatsTaken, data.slots.seatsTaken, p?.slots.seatsTaken),
								shownRow(
									text.seatsUsed,
									percent(data.slots.utilization),
									p && percent(p.slots.utilization),
								),
								numberRow(text.newPatients, data.people.newPatients, p?.people.newPatients),
								numberRow(text.newDoctors, data.people.newDoctors, p?.people.newDoctors),
								numberRow(
									text.approvedDoctors,
									data.people.approvedDoctors,
									p?.people.approvedDoctors,
								),
								...moneyRows(text.revenue, data.revenue, p?.revenue),
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
