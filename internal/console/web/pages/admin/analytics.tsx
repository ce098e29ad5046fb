import { Title } from "../../app";
import { ZoneNote, plainDate } from "../../parts/time";
import { useAddress } from "../../router";
import { FreeSlot, Utilization } from "./doctor-reports";
import { Repeat, Specializations } from "./patient-reports";
import { PeriodChooser, faultOf, periodOf } from "./period";
import { Summary } from "./summary";
import { text } from "./text";
import { Conversion, NoShows, PerDay } from "./visit-reports";

/** The figures of a period: the summary and all reports. */
export function Analytics() {
	const query = useAddress().searchParams;
	const period = periodOf(query);
	const fault = faultOf(period);
	return (
		<>
			<Title text={text.analytics} />
			<PeriodChooser period={period} query={query} />
			{fault ? (
				<p class="refusal" role="alert">
					{fault}
				</p>
			) : (
				<>
					<p id="period" tabIndex={-1}>
						<strong>
							{text.periodShown(plainDate(period.from), plainDate(period.to), period.timezone)}
						</strong>
					</p>
					<ZoneNote />
					<Summary period={period} />
					<PerDay period={period} />
					<Conversion period={period} />
					<NoShows period={period} />
					<Utilization period={period} />
					<Specializations period={period} />
					<Repeat period={period} />
					<FreeSlot />
				</>
			)}
		</>
	);
}
