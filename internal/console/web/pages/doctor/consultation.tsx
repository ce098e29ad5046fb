// One visit: who comes, its steps, the notes, the addenda and the prescriptions.

import { useEffect, useRef, useState } from "preact/hooks";
import { Title } from "../../app";
import {
	readConsultation,
	readConsultationCalendar,
	readPatient,
	type ComingPatient,
	type Consultation as Visit,
} from "../../api/operations";
import { CallPart } from "../../parts/call";
import { download } from "../../parts/download";
import { ActionButton } from "../../parts/form";
import { Show, useLoad, type Loaded } from "../../parts/load";
import { dayOf, fullTime, Time, ZoneNote } from "../../parts/time";
import { Name, Status } from "../../parts/value";
import { Addenda, type Handed } from "./addenda";
import { Notes } from "./notes";
import { NotesSaver } from "./notes-saver";
import { EarlierVisits, Patient } from "./patient";
import { Prescriptions } from "./prescriptions";
import { Steps } from "./steps";
import { text } from "./text";
import { useLeaveGuard, useUnsaved } from "./unsaved";

export function Consultation({ params }: { params: Record<string, string> }) {
	const id = params["id"] ?? "";
	const visit = useLoad(
		readConsultation,
		{ id },
		(change) => change.type === "reset" || (change.type !== "call.changed" && change.consultationId === id),
	);
	const patient = useLoad(readPatient, visit.data ? { id } : null);
	useLeaveGuard();
	return (
		<>
			<Title text={visit.data ? titleOf(visit.data) : text.visit.title} />
			<Show loaded={visit} gone={{ text: text.visit.notFound, href: "/today", link: text.steps.toToday }}>
				{(data) => <Parts visit={data} loaded={visit} patient={patient} />}
			</Show>
		</>
	);
}

function titleOf(visit: Visit): string {
	return text.visit.with(visit.patientName ?? text.patient, fullTime(visit.startTime));
}

interface PartsProps {
	visit: Visit;
	loaded: Loaded<Visit>;
	patient: Loaded<ComingPatient>;
}

function Parts({ visit, loaded, patient }: PartsProps) {
	const made = useRef<NotesSaver | null>(null);
	const saver = (made.current ??= new NotesSaver(visit.id, visit, loaded.etag));
	const [handed, setHanded] = useState<Handed>({ text: "", n: 0 });
	useUnsaved("notes", () => saver.isUnsaved);
	useEffect(() => saver.adopt(visit, loaded.etag), [visit, loaded.etag]);
	useEffect(() => {
		if (visit.status === "IN_PROGRESS") saver.start();
		return () => saver.stop();
	}, []);
	const isSeen = visit.status === "IN_PROGRESS" || visit.status === "COMPLETED";
	return (
		<>
			<Facts visit={visit} />
			<Steps visit={visit} saver={saver} reload={loaded.reload} />
			<CallPart visit={visit} isDoctor name={visit.patientName ?? text.patient} />
			<div class="columns">
				<Patient loaded={patient} />
				<section aria-labelledby="reason">
					<h2 id="reason">{text.visit.reason}</h2>
					<p class={visit.reason ? "text" : "empty"}>{visit.reason || text.visit.noReason}</p>
				</section>
			</div>
			<Notes
				saver={saver}
				visit={visit}
				reload={loaded.reload}
				toAddendum={(left) => setHanded({ text: left, n: handed.n + 1 })}
			/>
			{visit.status === "COMPLETED" && (
				<Addenda id={visit.id} handed={handed} handedIsSent={() => saver.discard()} />
			)}
			{isSeen && <Prescriptions visit={visit} />}
			{patient.data && <EarlierVisits visits={patient.data.visits} />}
			<ZoneNote />
		</>
	);
}

function Facts({ visit }: { visit: Visit }) {
	return (
		<>
			<p>
				<Status status={visit.status} /> {visit.archived && <span class="chip">{text.visit.archived}</span>}
			</p>
			<dl>
				<dt>{text.visit.time}</dt>
				<dd>
					<Time at={visit.startTime} /> – <Time at={visit.endTime} show="clock" />
				</dd>
				{visit.patientArrivedAt && (
					<>
						<dt>{text.visit.patientArrived}</dt>
						<dd>
							<Time at={visit.patientArrivedAt} show="clock" />
						</dd>
					</>
				)}
				{visit.doctorArrivedAt && (
					<>
						<dt>{text.visit.youArrived}</dt>
						<dd>
							<Time at={visit.doctorArrivedAt} show="clock" />
						</dd>
					</>
				)}
				{visit.rescheduledFrom && (
					<>
						<dt>{text.visit.movedFrom}</dt>
						<dd>
							<Time at={visit.rescheduledFrom.startTime} />
						</dd>
					</>
				)}
				{visit.cancelledBy && (
					<>
						<dt>{text.visit.cancelledBy}</dt>
						<dd>
							{text.visit.by[visit.cancelledBy]}
							{visit.cancellationReason && (
								<>
									: <Name>{visit.cancellationReason}</Name>
								</>
							)}
						</dd>
					</>
				)}
				{visit.absent && (
					<>
						<dt>{text.visit.absent}</dt>
						<dd>{visit.absent === "PATIENT" ? text.visit.absentPatient : text.visit.absentDoctor}</dd>
					</>
				)}
			</dl>
			{visit.status === "CONFIRMED" && (
				<p>
					<ActionButton
						text={text.visit.calendar}
						run={() =>
							download(
								readConsultationCalendar,
								{ id: visit.id },
								`amrutam-${dayOf(visit.startTime)}.ics`,
							)
						}
					/>
				</p>
			)}
		</>
	);
}
