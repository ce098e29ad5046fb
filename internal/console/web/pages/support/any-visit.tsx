import { Title } from "../../app";
import { readConsultation, type Consultation } from "../../api/operations";
import { Show, useLoad } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Status } from "../../parts/value";
import type { PageProps } from "..";
import { PatientLink, PersonLink } from "./shared";
import { text } from "./text";
import { VisitActions } from "./visit-actions";
import { VisitPayment } from "./visit-payment";

/** What happened when, as far as it is known. */
function History({ visit }: { visit: Consultation }) {
	const steps: Array<[at: string | null | undefined, what: string]> = [
		[visit.createdAt, text.booked],
		[visit.patientArrivedAt, text.patientArrived],
		[visit.doctorArrivedAt, text.doctorArrived],
		[visit.startedAt, text.started],
		[visit.endedAt, text.ended],
		[visit.cancelledAt, visit.cancelledBy ? text.cancelledBy[visit.cancelledBy] : text.cancelled],
	];
	return (
		<dl>
			{steps
				.filter(([at]) => at)
				.map(([at, what]) => [
					<dt key={what}>{what}</dt>,
					<dd key={what + at}>
						<Time at={at ?? ""} />
					</dd>,
				])}
			{visit.cancellationReason && (
				<>
					<dt>{text.reason}</dt>
					<dd class="text">{visit.cancellationReason}</dd>
				</>
			)}
			{visit.rescheduledFrom && (
				<>
					<dt>{text.movedFrom(visit.rescheduleCount)}</dt>
					<dd>
						<Time at={visit.rescheduledFrom.startTime} />
					</dd>
				</>
			)}
			{visit.absent && (
				<>
					<dt>{text.absent}</dt>
					<dd>{visit.absent === "PATIENT" ? text.patient : text.doctor}</dd>
				</>
			)}
		</dl>
	);
}

/** One visit: its parties, times and money, without anything about health. */
export function AnyVisit({ params }: PageProps) {
	const id = params["id"] ?? "";
	const loaded = useLoad(readConsultation, { id }, (c) => c.type === "reset" || c.consultationId === id);
	return (
		<>
			<Title text={text.visit} />
			<Show loaded={loaded} gone={{ text: text.noVisit, href: "/all-visits", link: text.visits }}>
				{(visit) => (
					<>
						<ZoneNote />
						<h2 id="visit" tabIndex={-1}>
							<Time at={visit.startTime} />
						</h2>
						<dl>
							<dt>{text.state}</dt>
							<dd>
								<Status status={visit.status} />
							</dd>
							<dt>{text.patient}</dt>
							<dd>
								<PatientLink visit={visit} />
								{visit.dependantId && ` (${text.forDependant})`}
							</dd>
							{visit.bookedBy && visit.bookedBy !== visit.patientId && (
								<>
									<dt>{text.bookedBy}</dt>
									<dd>
										<PersonLink id={visit.bookedBy} />
									</dd>
								</>
							)}
							<dt>{text.doctor}</dt>
							<dd>
								<PersonLink id={visit.doctorId} name={visit.doctorName} />
							</dd>
							<dt>{text.ends}</dt>
							<dd>
								<Time at={visit.endTime} />
							</dd>
						</dl>
						<VisitActions visit={visit} loaded={loaded} />
						<h2>{text.history}</h2>
						<History visit={visit} />
						<VisitPayment key={visit.updatedAt} visit={visit} />
					</>
				)}
			</Show>
		</>
	);
}
