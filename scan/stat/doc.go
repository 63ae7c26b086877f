// Package stat is statistics that is pure: numbers in, numbers out. Begin with Median
// for one row of numbers, with TheilSen for a line through points of which some are
// wrong, with Wilson and Difference for rates, and with Stratified for whether two
// groups differ within strata.
package stat
