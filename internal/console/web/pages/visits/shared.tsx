// What several pages about visits share.

import { useEffect, useRef } from "preact/hooks";
import { isProblem } from "../../api/call";
import type { Change } from "../../api/events";
import type { Consultation, ConsultationStatus, Doctor } from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { Joined } from "../../parts/joined";
import type { Gone } from "../../parts/load";
import { Name } from "../../parts/value";
import { t } from "../../text";
import { text } from "./text";

export const live: ConsultationStatus[] = ["REQUESTED", "CONFIRMED", "IN_PROGRESS"];

export function isLive(visit: Consultation): boolean {
	return live.includes(visit.status);
}

/** Accepts the events of one visit. Those that name none may be about any. */
export function about(id: string): (change: Change) => boolean {
	return (change) => change.type !== "call.changed" && (!change.consultationId || change.consultationId === id);
}

/** What is said when a visit isn't there. */
export function noVisit(): Gone {
	return { text: text.problems["not-found"] ?? "", href: "/visits", link: t.nav.visits };
}

/** For whom a visit is. */
export function ForWhom({ visit }: { visit: Consultation }) {
	if (!visit.dependantId) return <>{text.me}</>;
	return (
		<>
			<Name>{visit.patientName ?? ""}</Name>
			{visit.relation && ` (${text.relations[visit.relation]})`}
		</>
	);
}

/** The doctor of a printed sheet, after its <dt>: name, field and clinic, and the registration number on its own. */
export function DoctorOfSheet({ name, doctor }: { name: string; doctor: Doctor | undefined }) {
	return (
		<>
			<dd>
				<Joined of={[name, doctor?.specialization, doctor?.clinicName]} by=", " />
			</dd>
			{doctor && (
				<>
					<dt>{text.registration}</dt>
					<dd>{doctor.registrationNumber}</dd>
				</>
			)}
		</>
	);
}

/** Returns how long it is until then: seconds in the last two minutes, else minutes, hours or days. */
export function timeLeft(until: string, now: number): string {
	const seconds = Math.max(0, Math.floor((Date.parse(until) - now) / 1000));
	if (seconds < 120) return text.seconds(seconds);
	const minutes = Math.floor(seconds / 60);
	if (minutes < 120) return t.minutes(minutes);
	const hours = Math.floor(minutes / 60);
	return hours < 48 ? t.hours(hours) : t.days(Math.floor(hours / 24));
}

/** Moves the focus to the heading when a change from elsewhere took away what had it. */
export function useKeptFocus(change: unknown): void {
	const last = useRef<EventTarget | null>(null);
	useEffect(() => {
		const note = (event: FocusEvent): void => void (last.current = event.target);
		document.addEventListener("focusin", note);
		return () => document.removeEventListener("focusin", note);
	}, []);
	useEffect(() => {
		const timer = setTimeout(() => {
			const isGone = last.current instanceof Node && !last.current.isConnected;
			if (isGone && document.activeElement === document.body) focusTitle();
		}, 100);
		return () => clearTimeout(timer);
	}, [change]);
}

/** Reports whether there is nothing yet, also while a later look fails: a form that is filled in stays. */
export function useIsNone({ data, error }: { data: unknown; error: unknown }): boolean {
	const known = useRef(false);
	if (data !== undefined) known.current = false;
	else if (isProblem(error, "not-found")) known.current = true;
	return known.current;
}
