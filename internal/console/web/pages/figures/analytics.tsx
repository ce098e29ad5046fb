import { FreeSlot, Utilization } from "./doctor-reports";
import { Repeat, Specializations } from "./patient-reports";
import { PeriodPage } from "./period";
import { Summary } from "./summary";
import { text } from "./text";
import { Conversion, NoShows, PerDay } from "./visit-reports";

/** The figures of a period: the summary and all reports. */
export function Analytics() {
	return (
		<PeriodPage title={text.analytics}>
			{(period) => (
				<>
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
		</PeriodPage>
	);
}
