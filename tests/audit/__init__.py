"""The audit: each rule on a planted fault, the sources it reads, and what it says of our own output."""
