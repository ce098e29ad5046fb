import { call } from "../../api/call";
import { rescheduleConsultation, type Consultation, type OfferedSlot, type Offers } from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { ActionButton } from "../../parts/form";
import { Time, fullTime } from "../../parts/time";
import { Name, money } from "../../parts/value";
import { text } from "./text";

interface LeaveProps {
	visit: Consultation;
	offers: Offers;
	reload: () => void;
}

/** What can be chosen when the doctor is away at the time of the visit. */
export function Leave({ visit, offers, reload }: LeaveProps) {
	const same = offers.items.filter((o) => o.doctorId === visit.doctorId);
	const others = offers.items.filter((o) => o.doctorId !== visit.doctorId);
	return (
		<section class="warning" aria-labelledby="leave">
			<h3 id="leave">{text.leaveTitle}</h3>
			<p>{text.leaveText(fullTime(offers.answerBy ?? visit.startTime))}</p>
			{offers.items.length === 0 && <p>{text.leaveNone}</p>}
			{same.length > 0 && (
				<>
					<h4>{text.leaveSame}</h4>
					<ul class="list">
						{same.map((offer) => (
							<Offer key={offer.slotId} visit={visit} offer={offer} reload={reload} />
						))}
					</ul>
				</>
			)}
			{others.length > 0 && (
				<>
					<h4>{text.leaveOthers}</h4>
					<p>{text.leaveOthersHint}</p>
					<ul>
						{others.map((offer) => (
							<li key={offer.slotId}>
								<a href={"/doctors/" + offer.doctorId}>
									<Name>{offer.doctorName}</Name>
								</a>
								, <Time at={offer.startTime} />, {money(offer.fee, offer.currency)}
							</li>
						))}
					</ul>
				</>
			)}
		</section>
	);
}

function Offer({ visit, offer, reload }: { visit: Consultation; offer: OfferedSlot; reload: () => void }) {
	const take = async (key: string): Promise<void> => {
		const body = { slotId: offer.slotId, startTime: offer.startTime };
		await call(rescheduleConsultation, { id: visit.id }, body, { idempotencyKey: key });
		reload();
		focusTitle();
	};
	return (
		<li>
			<Time at={offer.startTime} />, {money(offer.fee, offer.currency)}
			<br />
			<ActionButton
				run={take}
				text={text.take}
				label={`${text.take}: ${fullTime(offer.startTime)}`}
				done={text.moved}
				own={text.problems}
			/>
		</li>
	);
}
