// What patients get back who cancel: the doctor's own steps, or the clinic's.

import { useEffect, useRef, useState } from "preact/hooks";
import { call, isProblem, Problem } from "../../api/call";
import { updateDoctor, type CancellationStep, type Doctor } from "../../api/operations";
import { ActionButton, Form } from "../../parts/form";
import { NumberField } from "../../parts/number-field";
import type { Loaded } from "../../parts/load";
import { LoadAgain } from "../../parts/load-again";
import { text } from "./text";

interface Step {
	key: number;
	initial: Partial<CancellationStep>;
}

const most = 5;

export function CancellationPolicy({ profile, doctor }: { profile: Loaded<Doctor>; doctor: Doctor }) {
	const policy = JSON.stringify(doctor.cancellationPolicy);
	const heading = useRef<HTMLHeadingElement>(null);
	return (
		<section aria-labelledby="policy">
			<h2 id="policy" ref={heading} tabIndex={-1}>
				{text.policy.title}
			</h2>
			<p class="hint">{text.policy.hint}</p>
			<Steps key={policy} profile={profile} doctor={doctor} saved={() => heading.current?.focus()} />
			<p class="hint">{text.policy.clinicHint}</p>
			<div class="actions">
				<ActionButton
					text={text.policy.clinic}
					done={text.policy.clinicDone}
					own={{ "precondition-failed": text.policy.pressAgain }}
					run={async () => {
						const body = { cancellationPolicy: null };
						try {
							profile.set(await call(updateDoctor, { id: doctor.id }, body, { ifMatch: profile.etag }));
						} catch (error) {
							if (isProblem(error, "precondition-failed")) profile.reload();
							throw error;
						}
					}}
				/>
			</div>
		</section>
	);
}

interface StepsProps {
	profile: Loaded<Doctor>;
	doctor: Doctor;
	/** The steps are saved, and drawn anew. */
	saved: () => void;
}

/** Names the fault of the steps as a whole, which no single field has. */
function withOrderFault(error: unknown): unknown {
	const isOrder =
		isProblem(error, "validation-failed") && error.errors.some((f) => f.location === "body.cancellationPolicy");
	return isOrder ? new Problem("policy-order", error.status, error.title) : error;
}

function Steps({ profile, doctor, saved }: StepsProps) {
	const box = useRef<HTMLDivElement>(null);
	const count = useRef(0);
	const focus = useRef<number | null>(null);
	const step = (initial: Partial<CancellationStep>): Step => ({ key: count.current++, initial });
	const [steps, setSteps] = useState<Step[]>(() => doctor.cancellationPolicy.map(step));
	useEffect(() => {
		if (focus.current === null) return;
		box.current?.querySelectorAll("fieldset")[focus.current]?.querySelector("input")?.focus();
		focus.current = null;
	});
	const change = (next: Step[], focused: number): void => {
		focus.current = focused;
		setSteps(next);
	};
	return (
		<div ref={box}>
			<Form
				action={text.policy.save}
				done={text.policy.saved}
				own={{ "precondition-failed": text.application.changed, "policy-order": text.policy.order }}
				onRefusal={(error, clear) => (
					<LoadAgain
						error={error}
						text={text.application.loadAgain}
						done={text.application.loadedAgain}
						reload={profile.reload}
						clear={clear}
					/>
				)}
				submit={async (values) => {
					const cancellationPolicy = steps.map((_, i) => ({
						hoursBefore: values.number(`cancellationPolicy[${i}].hoursBefore`),
						refundPercent: values.number(`cancellationPolicy[${i}].refundPercent`),
					}));
					const body = { cancellationPolicy };
					try {
						profile.set(await call(updateDoctor, { id: doctor.id }, body, { ifMatch: profile.etag }));
					} catch (error) {
						throw withOrderFault(error);
					}
					saved();
				}}
			>
				{steps.map((one, i) => (
					<fieldset key={one.key}>
						<legend>{text.policy.step(i + 1)}</legend>
						<div class="row">
							<NumberField
								name={`cancellationPolicy[${i}].hoursBefore`}
								label={text.policy.hours}
								min={0}
								max={168}
								initial={one.initial.hoursBefore}
								required
							/>
							<NumberField
								name={`cancellationPolicy[${i}].refundPercent`}
								label={text.policy.percent}
								min={1}
								max={100}
								initial={one.initial.refundPercent}
								required
							/>
						</div>
						{steps.length > 1 && (
							<button
								type="button"
								aria-label={text.policy.removeStep(i + 1)}
								onClick={() =>
									change(
										steps.filter((_, n) => n !== i),
										Math.min(i, steps.length - 2),
									)
								}
							>
								{text.rx.remove}
							</button>
						)}
					</fieldset>
				))}
				{steps.length < most && (
					<button type="button" onClick={() => change([...steps, step({})], steps.length)}>
						{text.policy.add}
					</button>
				)}
			</Form>
		</div>
	);
}
