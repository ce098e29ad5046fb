// What a patient has to do for a visit now: pay, consent, check in, answer when the doctor is away.

import { call } from "../../api/call";
import {
	checkIn,
	consentToConsultation,
	listConsents,
	listConsultationOffers,
	type Consultation,
	type Notice,
} from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { useNow } from "../../parts/now";
import { payVisit } from "../../parts/checkout";
import { ActionButton } from "../../parts/form";
import { useLoad } from "../../parts/load";
import { clock, fullTime } from "../../parts/time";
import { money } from "../../parts/value";
import { language } from "../../text/language";
import { Leave } from "./leave";
import { about, isLive, timeLeft } from "./shared";
import { text } from "./text";

interface WhatNowProps {
	visit: Consultation;
	reload: () => void;
	/** Only what can't wait, for lists. */
	isBrief?: boolean;
	/** On the page of the visit, where the answers to a doctor's leave are. */
	isPage?: boolean;
}

export function WhatNow({ visit, reload, isBrief = false, isPage = false }: WhatNowProps) {
	const offers = useLoad(listConsultationOffers, isLive(visit) ? { id: visit.id } : null, about(visit.id));
	const notice = useMissingConsent(isLive(visit) && !isBrief ? visit : null);
	if (!isLive(visit)) return null;
	const due = visit.status === "REQUESTED" || visit.balanceDue !== null;
	if (offers.data?.answerBy) {
		return isPage ? (
			<Leave visit={visit} offers={offers.data} reload={reload} />
		) : (
			<p class="warning">{text.leaveShort}</p>
		);
	}
	return (
		<>
			{due && <Pay visit={visit} reload={reload} isPage={isPage} />}
			{notice && <MissingConsent visit={visit} notice={notice} reload={reload} />}
			{visit.status === "IN_PROGRESS" && <p class="note">{text.running}</p>}
			{visit.status === "CONFIRMED" && !isBrief && (
				<CheckIn visit={visit} reload={reload} isIdle={!due && !notice} />
			)}
		</>
	);
}

/** What is to be paid, until when, and the way to the payment page. */
function Pay({ visit, reload, isPage }: { visit: Consultation; reload: () => void; isPage: boolean }) {
	const until = visit.balanceDueAt ?? visit.paymentDueAt;
	const now = useNow(1000);
	const amount = money(visit.balanceDue ?? visit.fee, visit.currency);
	const isOver = until !== null && now !== null && Date.parse(until) <= now;
	const left = until === null ? "" : now === null ? "…" : timeLeft(until, now);
	const pay = async (key: string): Promise<void> => {
		if (!(await payVisit(visit.id, `/visits/${visit.id}?paid=yes`, key))) reload();
	};
	const which = `${text.pay(amount)}: ${visit.doctorName ?? ""}, ${fullTime(visit.startTime)}`;
	if (isOver) return <p class="warning">{text.payOver}</p>;
	return (
		<div class="warning">
			{visit.paymentStatus === "FAILED" && <p>{text.payFailed}</p>}
			<p>{visit.balanceDue ? text.balance(amount, left) : text.payWithin(left)}</p>
			<p>
				<ActionButton
					class="primary"
					run={pay}
					text={text.pay(amount)}
					{...(isPage ? {} : { label: which })}
					own={text.problems}
				/>
			</p>
		</div>
	);
}

function CheckIn({ visit, reload, isIdle }: { visit: Consultation; reload: () => void; isIdle: boolean }) {
	const now = useNow(10_000);
	const from = Date.parse(visit.startableFrom);
	if (visit.patientArrivedAt) {
		return (
			<p class="note">
				{text.checkedIn} {visit.doctorArrivedAt ? text.doctorHere : text.doctorNotYet}
			</p>
		);
	}
	if (now === null || now > Date.parse(visit.endTime)) return null;
	if (now < from) {
		const isToday = from - now < 12 * 3600_000;
		if (isToday) return <p>{text.checkInFrom(clock(new Date(from)))}</p>;
		return isIdle ? <p>{text.nothingNow}</p> : null;
	}
	const arrive = async (key: string): Promise<void> => {
		await call(checkIn, { id: visit.id }, undefined, { idempotencyKey: key });
		reload();
		focusTitle();
	};
	return (
		<div class="note">
			<p>{now < Date.parse(visit.startTime) ? text.checkInNow : text.checkInLate}</p>
			<p>
				<ActionButton
					class="primary"
					run={arrive}
					text={text.checkIn}
					done={text.checkedIn}
					own={text.problems}
				/>
			</p>
		</div>
	);
}

/** Returns the notice to agree to when a visit lacks its consent. */
function useMissingConsent(visit: Consultation | null): Notice | null {
	const notices = useLoad(listConsents, visit?.hasConsent === false ? { language } : null);
	if (visit?.hasConsent !== false) return null;
	return notices.data?.items.find((n) => n.purpose === "TREATMENT") ?? null;
}

interface MissingConsentProps {
	visit: Consultation;
	notice: Notice;
	reload: () => void;
}

/** Asks for the consent to one visit. */
function MissingConsent({ visit, notice, reload }: MissingConsentProps) {
	const give = async (key: string): Promise<void> => {
		const body = { noticeVersion: notice.noticeVersion };
		await call(consentToConsultation, { id: visit.id }, body, { idempotencyKey: key });
		reload();
		focusTitle();
	};
	return (
		<div class="warning">
			<p>
				<strong>{text.consentTitle}</strong>
			</p>
			<p>{text.consentText}</p>
			<details>
				<summary>{text.notice}</summary>
				<p>
					<strong>{notice.title}</strong>
				</p>
				<p class="text">{notice.text}</p>
			</details>
			<p>
				<ActionButton run={give} text={text.consent} done={text.consented} own={text.problems} />
			</p>
		</div>
	);
}
