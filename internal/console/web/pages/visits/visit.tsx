import { useState } from "preact/hooks";
import { Title } from "../../app";
import { readConsultation, readConsultationCalendar, type Consultation } from "../../api/operations";
import { CallPart } from "../../parts/call";
import { download } from "../../parts/download";
import { ActionButton, isSecond } from "../../parts/form";
import { useNow } from "../../parts/now";
import { Show, useLoad } from "../../parts/load";
import { Time, ZoneNote, clock, dayOf } from "../../parts/time";
import { Name, Status, money } from "../../parts/value";
import { useAddress } from "../../router";
import type { PageProps } from "..";
import { Cancel } from "./cancel";
import { DisputePart } from "./dispute";
import { MoneyPart } from "./money";
import { Move } from "./move";
import { WhatNow } from "./now";
import { NotesPart, PrescriptionsPart } from "./record";
import { ReviewPart } from "./review";
import { ForWhom, about, isLive, noVisit, useKeptFocus } from "./shared";
import { text } from "./text";

export function Visit({ params }: PageProps) {
	const id = params["id"] ?? "";
	const loaded = useLoad(readConsultation, { id }, about(id));
	const isBack = useAddress().searchParams.has("paid");
	const doctor = loaded.data?.doctorName;
	useKeptFocus(loaded.data);
	return (
		<>
			<Title text={doctor ? text.visitWith(doctor) : text.visit} />
			<Show loaded={loaded} gone={noVisit()}>
				{(visit) => (
					<>
						<Facts visit={visit} />
						{isBack &&
							(visit.status === "REQUESTED" || visit.balanceDue) &&
							visit.paymentStatus !== "FAILED" && (
								<p class="note" role="status">
									{text.paying}
								</p>
							)}
						{isLive(visit) && <Now visit={visit} reload={loaded.reload} />}
						<CallPart visit={visit} isDoctor={false} name={visit.doctorName ?? ""} />
						{visit.status === "NO_SHOW" && visit.absent === "PATIENT" && <DisputePart visit={visit} />}
						{(visit.notes || (!isLive(visit) && visit.status !== "CANCELLED")) && (
							<NotesPart visit={visit} />
						)}
						{visit.startedAt && <PrescriptionsPart visit={visit} />}
						<MoneyPart visit={visit} />
						{visit.status === "COMPLETED" && <ReviewPart visit={visit} />}
					</>
				)}
			</Show>
		</>
	);
}

function Facts({ visit }: { visit: Consultation }) {
	return (
		<>
			<ZoneNote />
			<dl>
				<dt>{text.status}</dt>
				<dd>
					<span aria-live="polite">
						<Status status={visit.status} />
					</span>
					{visit.status === "CANCELLED" && visit.cancelledBy && (
						<>
							{" "}
							{visit.cancelledBy === "SYSTEM" && visit.paymentStatus !== "PAID"
								? text.notPaidInTime
								: text.cancelledBy[visit.cancelledBy]}
							{visit.cancelledAt && (
								<>
									, <Time at={visit.cancelledAt} />
								</>
							)}
						</>
					)}
					{visit.absent && <p>{visit.absent === "PATIENT" ? text.absentPatient : text.absentDoctor}</p>}
				</dd>
				<dt>{text.when}</dt>
				<dd>
					<Time at={visit.startTime} /> {text.until(clock(visit.endTime))}
				</dd>
				{visit.rescheduledFrom && (
					<>
						<dt>{text.movedFrom}</dt>
						<dd>
							<Time at={visit.rescheduledFrom.startTime} />
						</dd>
					</>
				)}
				<dt>{text.doctor}</dt>
				<dd>
					<a href={"/doctors/" + visit.doctorId}>
						<Name>{visit.doctorName ?? ""}</Name>
					</a>
				</dd>
				<dt>{text.forWhom}</dt>
				<dd>
					<ForWhom visit={visit} />
				</dd>
				{visit.reason && (
					<>
						<dt>{text.reason}</dt>
						<dd class="text">{visit.reason}</dd>
					</>
				)}
				<dt>{text.fee}</dt>
				<dd>{Number(visit.fee) === 0 ? text.free : money(visit.fee, visit.currency)}</dd>
				<dt>{text.booked}</dt>
				<dd>
					<Time at={visit.createdAt} />
				</dd>
				{visit.cancellationReason && (
					<>
						<dt>{text.cancelledWhy}</dt>
						<dd class="text">{visit.cancellationReason}</dd>
					</>
				)}
			</dl>
			{visit.status === "CONFIRMED" && (
				<p>
					<ActionButton
						text={text.calendar}
						own={text.problems}
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

/** What to do with a visit that isn't over. */
function Now({ visit, reload }: { visit: Consultation; reload: () => void }) {
	const [open, setOpen] = useState<"move" | "cancel" | "">("");
	const finish = (): void => {
		setOpen("");
		reload();
	};
	const now = useNow(30_000);
	const canChange = visit.status !== "IN_PROGRESS" && (now === null || Date.parse(visit.startTime) > now);
	return (
		<section aria-labelledby="now">
			<h2 id="now">{text.now}</h2>
			<WhatNow visit={visit} reload={reload} isPage />
			{canChange && (
				<>
					<h2>{text.change}</h2>
					<div class="actions">
						<button
							type="button"
							aria-expanded={open === "move"}
							// A double click opens it.
							onClick={(event) => isSecond(event) || setOpen(open === "move" ? "" : "move")}
						>
							{open === "move" ? text.moveClose : text.move}
						</button>
						<button type="button" onClick={() => setOpen("cancel")}>
							{text.cancel}
						</button>
					</div>
					{open === "move" && <Move visit={visit} done={finish} />}
					{open === "cancel" && <Cancel visit={visit} close={() => setOpen("")} done={finish} />}
				</>
			)}
		</section>
	);
}
