// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Transfers} from "../lib/Transfers.sol";
import {HubBase} from "./HubBase.sol";
import {Locks} from "./Locks.sol";
import {Simplex} from "./Simplex.sol";

/// @title The deployable hub: all parts, and the collection of owed money
contract ChannelHub is Locks, Simplex {
    /// @param permit2_ The Permit2 contract, zero for none
    /// @param minDelay The shortest challenge window or exit delay in seconds
    /// @param maxDelay The longest challenge window or exit delay in seconds
    /// @param maxLockDuration_ The longest time from posting a lock proof to its last expiry, in seconds
    constructor(address permit2_, uint32 minDelay, uint32 maxDelay, uint32 maxLockDuration_)
        HubBase(permit2_, minDelay, maxDelay, maxLockDuration_)
    {}

    /// @inheritdoc IChannelHub
    function withdrawPending(address token, address to) external {
        uint256 amount = pendingWithdrawals[msg.sender][token];
        if (amount == 0) revert NothingPending(msg.sender, token);
        pendingWithdrawals[msg.sender][token] = 0;
        emit PendingWithdrawn(msg.sender, token, to, amount);
        if (!Transfers.tryPush(token, to, amount, gasleft())) revert PaymentFailed(to, token);
    }
}
