package page

import (
	"math"
	"regexp"
	"strconv"
)

// variables are the colours that a part of the style sheet gives names to.
func variables(css string) map[string][3]float64 {
	all := map[string][3]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]+)`).FindAllStringSubmatch(css, -1) {
		hex := m[2]
		if len(hex) == 3 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		var c [3]float64
		for i := range c {
			n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
			c[i] = float64(n) / 255
		}
		all[m[1]] = c
	}
	return all
}

// luminance is the relative luminance of a colour (WCAG 2.2, section "relative luminance").
func luminance(c [3]float64) float64 {
	for i, v := range c {
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}

// contrast is the ratio of the luminances of two colours.
func contrast(a, b [3]float64) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
