// What patients get back who cancel: the doctor's own steps, or the clinic's.

import { useEffect, useRef, useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import { updateDoctor, type CancellationStep, type Doctor } from "../../api/operations";
import { ActionButton, Field, Form } from "../../parts/form";
import type { Loaded } from "../../parts/load";
import { text } from "./text";

interface Step {
	key: number;
	initial: Partial<CancellationStep>;
}

const most = 5;

export function CancellationPolicy({ profile, doctor }: { profile: Loaded<Doctor>; doctor: Doctor }) {
	const policy = JSON.stringify(doctor.cancellationPolicy);
	return (
		<section aria-labelledby="policy">
			<h2 id="policy">{text.policy.title}</h2>
			<p class="hint">{text.policy.hint}</p>
			<Steps key={policy} profile={profile} doctor={doctor} />
			<p class="hint">{text.policy.clinicHint}</p>
			<div class="actions">
				<ActionButton
					text={text.policy.clinic}
					done={text.policy.clinicDone}
					own={{ "precondition-failed": text.application.changed }}
					run={async () => {
						const body = { cancellationPolicy: null };
						profile.set(await call(updateDoctor, { id: doctor.id }, body, { ifMatch: profile.etag }));
					}}
				/>
			</div>
		</section>
	);
}

function Steps({ profile, doctor }: { profile: Loaded<Doctor>; doctor: Doctor }) {
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
				own={{ "precondition-failed": text.application.changed }}
				onRefusal={(error) =>
					isProblem(error, "precondition-failed") && (
						<button type="button" onClick={profile.reload}>
							{text.application.loadAgain}
						</button>
					)
				}
				submit={async (values) => {
					const cancellationPolicy = steps.map((_, i) => ({
						hoursBefore: values.number(`cancellationPolicy[${i}].hoursBefore`),
						refundPercent: values.number(`cancellationPolicy[${i}].refundPercent`),
					}));
					const body = { cancellationPolicy };
					profile.set(await call(updateDoctor, { id: doctor.id }, body, { ifMatch: profile.etag }));
				}}
			>
				{steps.map((one, i) => (
					<fieldset key={one.key}>
						<legend>{text.policy.step(i + 1)}</legend>
						<div class="row">
							<Field
								name={`cancellationPolicy[${i}].hoursBefore`}
								label={text.policy.hours}
								type="number"
								min={0}
								max={168}
								initial={one.initial.hoursBefore?.toString()}
								required
							/>
							<Field
								name={`cancellationPolicy[${i}].refundPercent`}
								label={text.policy.percent}
								type="number"
								min={1}
								max={100}
								initial={one.initial.refundPercent?.toString()}
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
