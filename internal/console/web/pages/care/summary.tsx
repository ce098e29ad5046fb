import type { Doctor } from "../../api/operations";
import { fullTime, Time, minutesBetween } from "../../parts/time";
import { Name } from "../../parts/value";
import { t } from "../../text";
import { feeText, isFree, Policy } from "./doctor-facts";
import { text } from "./text";

interface SummaryProps {
	doctor: Doctor;
	startTime: string;
	/** Undefined until it is known. */
	endTime: string | undefined;
	fee: string;
	currency: string;
}

/** What is booked: with whom, when, and what it costs. */
export function Summary({ doctor, startTime, endTime, fee, currency }: SummaryProps) {
	return (
		<dl class="card" aria-label={fullTime(startTime)}>
			<dt>{text.doctor}</dt>
			<dd>
				<a href={`/doctors/${doctor.id}`}>
					<Name>{doctor.fullName}</Name>
				</a>
				, <Name>{doctor.specialization}</Name>
			</dd>
			<dt>{text.time}</dt>
			<dd>
				<strong>
					<Time at={startTime} />
				</strong>{" "}
				{endTime && `(${t.minutes(minutesBetween(startTime, endTime))})`}
			</dd>
			<dt>{text.fee}</dt>
			<dd>
				<strong>{feeText(fee, currency)}</strong>
			</dd>
			{!isFree(fee) && (
				<>
					<dt>{text.policy}</dt>
					<dd>
						<Policy steps={doctor.cancellationPolicy} />
					</dd>
				</>
			)}
		</dl>
	);
}
