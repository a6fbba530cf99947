"""How well the loops grow: K-factor, loops, funnel, cohorts, cycle time; all read from facts."""
