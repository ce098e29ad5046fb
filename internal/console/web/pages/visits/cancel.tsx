import { call } from "../../api/call";
import {
	cancelConsultation,
	readCancellationTerms,
	type CancellationTerms,
	type Consultation,
	type ConsultationCancellationRequest,
} from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { Dialog } from "../../parts/dialog";
import { Form, TextArea } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { Time, fullTime } from "../../parts/time";
import { Name, money } from "../../parts/value";
import { text } from "./text";

interface CancelProps {
	visit: Consultation;
	close: () => void;
	done: () => void;
}

/** Says what comes back, and then cancels. */
export function Cancel({ visit, close, done }: CancelProps) {
	const terms = useLoad(readCancellationTerms, { id: visit.id });
	return (
		<Dialog title={text.cancelTitle} close={close}>
			<p>
				<Time at={visit.startTime} />, <Name>{visit.doctorName ?? ""}</Name>
			</p>
			<Show loaded={terms} own={text.problems}>
				{(data) => (
					<>
						{data.allowed ? (
							<Back visit={visit} terms={data} />
						) : (
							<p class="warning">{text.cancelRefused}</p>
						)}
						{data.allowed && (
							<Form
								danger
								action={text.cancelConfirm}
								done={text.cancelled}
								own={text.problems}
								aside={
									<button type="button" onClick={close}>
										{text.keep}
									</button>
								}
								submit={async (values, key) => {
									const reason = values.optional("reason");
									const body: ConsultationCancellationRequest = reason ? { reason } : {};
									await call(cancelConsultation, { id: visit.id }, body, { idempotencyKey: key });
									done();
									focusTitle();
								}}
							>
								<TextArea
									name="reason"
									label={text.cancelReason}
									hint={text.cancelReasonHint}
									maxLength={2000}
								/>
							</Form>
						)}
					</>
				)}
			</Show>
		</Dialog>
	);
}

function Back({ visit, terms }: { visit: Consultation; terms: CancellationTerms }) {
	const isPaid = visit.paymentStatus === "PAID" && Number(visit.fee) > 0;
	const amount = money(terms.refund.amount, terms.refund.currency);
	// Like when the doctor is away: then everything comes back, whatever the usual terms.
	const isExempt = terms.until === visit.startTime && Number(terms.refund.amount) >= Number(visit.fee);
	const back = Number(terms.refund.amount) > 0 ? text.cancelBack(amount) : text.cancelNothing;
	return (
		<div class="note">
			<p>
				<strong>{isPaid ? back : text.cancelUnpaid}</strong>
			</p>
			{isPaid && terms.until && <p>{text.cancelUntil(fullTime(terms.until))}</p>}
			{isPaid && !isExempt && terms.policy.length > 0 && (
				<>
					<p>{text.cancelPolicy}:</p>
					<ul>
						{terms.policy.map((step) => (
							<li key={step.hoursBefore}>{text.cancelStep(step.hoursBefore, step.refundPercent)}</li>
						))}
					</ul>
				</>
			)}
		</div>
	);
}
