"""The corpus in the formats that other people's trainers accept."""
