// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICoinChain} from "../interfaces/ICoinChain.sol";
import {CoinBase} from "./CoinBase.sol";
import {CoinExits} from "./CoinExits.sol";

/// @title The deployable coin chain: coins, their exits, and the payment of exits
contract CoinChain is CoinExits {
    /// @param config_ The parameters
    constructor(Config memory config_) CoinBase(config_) {}

    /// @inheritdoc ICoinChain
    function finalizeExits(ExitClaim[] calldata dues) external nonReentrant {
        uint256 paid;
        for (uint256 i; i < dues.length; ++i) {
            if (_claim(dues[i])) ++paid;
        }
        if (paid == 0) revert NothingDue();
        _push(address(0), msg.sender, paid * _BOUNTY);
    }

    /// @dev Skips an exit that is not due, so that nobody can make a batch revert by claiming part of it first.
    function _claim(ExitClaim calldata due) private returns (bool) {
        (uint64 coin, uint40 number, Coin calldata record) = (due.coin, due.number, due.record);
        Exit storage e = _exits[coin][number];
        address owner = e.owner;
        if (owner == address(0) || block.timestamp <= e.exitableAt || e.challenges != 0) return false;
        if (!_isCoin(coin, record)) return false;
        // The coin ends here, because no other exit of it finds its record again.
        delete coins[coin];
        uint256 ether_ = _end(e) - _BOUNTY;
        emit Claimed(coin, number, owner);
        if (record.kind == Kind.Ether) ether_ += record.value;
        else if (record.kind == Kind.Erc20) _push(record.token, owner, record.value);
        else _pushToken(record.token, owner, record.value);
        _push(address(0), owner, ether_);
        return true;
    }
}
