"""What is read across beds, placements and time: the board of a department, and reports. They change nothing."""
