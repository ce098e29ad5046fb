import { useState } from "preact/hooks";
import { call } from "../../api/call";
import { disputeNoShow, readDispute, type Consultation } from "../../api/operations";
import { focusOn } from "../../parts/focus";
import { Form, TextArea } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { Time } from "../../parts/time";
import { about, useIsNone } from "./shared";
import { text } from "./text";

/** The patient's word against a no-show. */
export function DisputePart({ visit }: { visit: Consultation }) {
	const [wasSent, setSent] = useState(false);
	const isSent = wasSent || visit.hasDispute === true;
	const dispute = useLoad(readDispute, isSent ? { id: visit.id } : null, about(visit.id));
	const isNone = useIsNone(dispute) || !isSent;
	return (
		<section aria-labelledby="dispute">
			<h2 id="dispute" tabIndex={-1}>
				{dispute.data ? text.disputeOwn : text.dispute}
			</h2>
			{isNone ? (
				<Form
					action={text.disputeSend}
					done={text.disputed}
					own={text.problems}
					submit={async (values, key) => {
						const body = { reason: values.text("reason") };
						dispute.set(await call(disputeNoShow, { id: visit.id }, body, { idempotencyKey: key }));
						setSent(true);
						focusOn("dispute");
					}}
				>
					<TextArea
						name="reason"
						label={text.disputeReason}
						hint={text.disputeHint}
						required
						maxLength={2000}
					/>
				</Form>
			) : (
				<Show loaded={dispute}>
					{(data) => (
						<>
							<p class="note">
								{text.disputeStates[data.status]} <Time at={data.decidedAt ?? data.createdAt} />
							</p>
							{data.reason && <p class="text">{data.reason}</p>}
							{data.decisionReason && <p class="text">{data.decisionReason}</p>}
						</>
					)}
				</Show>
			)}
		</section>
	);
}
