"""What is between the processes: memory and wake-ups, channels, heartbeats, and who there is."""
