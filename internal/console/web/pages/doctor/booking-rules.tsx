// The rules by which free times can be booked.

import { call } from "../../api/call";
import { readBookingRules, updateBookingRules } from "../../api/operations";
import { Form, type Values } from "../../parts/form";
import { NumberField } from "../../parts/number-field";
import { Show, useLoad } from "../../parts/load";
import { LoadAgain } from "../../parts/load-again";
import { text } from "./text";

function numberOrNull(values: Values, name: string): number | null {
	return values.text(name) ? values.number(name) : null;
}

export function BookingRulesForm() {
	const rules = useLoad(readBookingRules, {});
	return (
		<section aria-labelledby="rules">
			<h2 id="rules">{text.rules.title}</h2>
			<p class="hint">{text.rules.hint}</p>
			<Show loaded={rules}>
				{(data) => (
					<Form
						action={text.rules.save}
						done={text.rules.saved}
						own={{
							"precondition-failed": text.application.changed,
							"doctor-not-approved": text.steps.notApproved,
						}}
						onRefusal={(error, clear) => (
							<LoadAgain
								error={error}
								text={text.application.loadAgain}
								done={text.application.loadedAgain}
								reload={rules.reload}
								clear={clear}
							/>
						)}
						submit={async (values) => {
							const body = {
								minimumNoticeMinutes: values.number("minimumNoticeMinutes"),
								horizonDays: numberOrNull(values, "horizonDays"),
								dailyMaximum: numberOrNull(values, "dailyMaximum"),
								firstVisitMinutes: numberOrNull(values, "firstVisitMinutes"),
								followUpMinutes: numberOrNull(values, "followUpMinutes"),
							};
							rules.set(await call(updateBookingRules, {}, body, { ifMatch: rules.etag }));
						}}
					>
						<NumberField
							name="minimumNoticeMinutes"
							label={text.rules.notice}
							hint={text.rules.noticeHint}
							min={0}
							max={43200}
							initial={data.minimumNoticeMinutes}
							required
						/>
						<NumberField
							name="horizonDays"
							label={text.rules.horizon}
							hint={text.rules.horizonHint}
							min={1}
							max={365}
							initial={data.horizonDays}
						/>
						<NumberField
							name="dailyMaximum"
							label={text.rules.maximum}
							hint={text.rules.maximumHint}
							min={1}
							max={1000}
							initial={data.dailyMaximum}
						/>
						<NumberField
							name="firstVisitMinutes"
							label={text.rules.first}
							hint={text.rules.lengthHint}
							min={5}
							max={480}
							initial={data.firstVisitMinutes}
						/>
						<NumberField
							name="followUpMinutes"
							label={text.rules.followUp}
							hint={text.rules.lengthHint}
							min={5}
							max={480}
							initial={data.followUpMinutes}
						/>
					</Form>
				)}
			</Show>
		</section>
	);
}
